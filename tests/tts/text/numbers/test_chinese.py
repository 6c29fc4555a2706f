"""Chinese numbers, dates, times, money and units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.text.numbers.chinese import cardinal, spoken


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (100, "一百"),
        (101, "一百零一"),
        (110, "一百一十"),
        (200, "二百"),
        (1000, "一千"),
        (1001, "一千零一"),
        (1010, "一千零一十"),
        (2000, "两千"),
        (10_000, "一万"),
        (10_010, "一万零一十"),
        (20_000, "两万"),
        (22_000, "两万两千"),
        (100_000, "十万"),
        (120_000, "十二万"),
        (100_001, "十万零一"),
        (1_000_001, "一百万零一"),
        (10_000_000, "一千万"),
        (100_000_000, "一亿"),
        (200_000_000, "两亿"),
        (100_000_001, "一亿零一"),
        (120_000_000, "一亿两千万"),
        (1_000_000_000_000, "一万亿"),
    ],
)
def test_cardinals(number: int, words: str) -> None:
    """By groups of four digits, with one zero for a gap, and 两 before 千, 万 and 亿."""
    assert cardinal(number) == words


@given(st.integers(0, 10**16 - 1))
def test_no_two_cardinals_sound_alike(number: int) -> None:
    """A zero in the wrong place would make them."""
    assert cardinal(number) != cardinal((number * 10) % 10**16 or 1) or number == 0
    assert cardinal(number) != cardinal((number + 1) % 10**16)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        # plain, counted
        ("我用了3个GPU", "我用了三个GPU"),
        ("2个苹果12个梨22个桃", "两个苹果十二个梨二十二个桃"),
        ("第2次，等2天，2月2日", "第二次，等两天，二月二日"),
        ("1,234,567人", "一百二十三万四千五百六十七人"),
        ("3.14和-5", "三点一四和负五"),
        ("编号007", "编号零零七"),
        ("12345678901234567890", "一二三四五六七八九零一二三四五六七八九零"),
        ("1.5亿和12万", "一点五亿和十二万"),
        # dates and times
        ("2024年3月5日", "二零二四年三月五日"),
        ("2024年", "二零二四年"),
        ("2024-03-05", "二零二四年三月五日"),
        ("2024-03-05 14:05", "二零二四年三月五日 十四点零五分"),
        ("上午9:30", "上午九点三十分"),
        ("下午2：00", "下午两点整"),
        ("9:30分", "九点三十分"),
        ("12:30:15", "十二点三十分十五秒"),
        # money
        ("¥199.8元", "一百九十九点八元"),
        ("¥199.8", "一百九十九点八元"),
        ("199.80元", "一百九十九点八元"),
        ("5块钱", "五块钱"),
        ("$12.50", "十二点五美元"),
        ("$3k", "三千美元"),
        ("$1.5万", "一点五万美元"),
        ("5 USD和€3", "五美元和三欧元"),
        ("2元", "两元"),
        ("2万5千元", "两万五千元"),
        ("$20/月", "二十美元每月"),
        # percent, units, ranges
        ("气温-3~5℃", "气温负三到五摄氏度"),
        ("下午2点半", "下午两点半"),
        ("1, 安装", "一，安装"),
        ("涨了12%", "涨了百分之十二"),
        ("跌了-3.5%", "跌了负百分之三点五"),
        ("10%-20%", "百分之十到百分之二十"),
        ("5km、20°C、-5℃", "五公里、二十摄氏度、零下五摄氏度"),
        ("100 km/h", "一百公里每小时"),
        ("5kg和2L", "五公斤和两升"),
        ("16GB内存", "十六GB内存"),
        ("5-10个", "五到十个"),
        ("5~10km", "五到十公里"),
        ("比分3:2", "比分三比二"),
        ("3/4的人", "四分之三的人"),
        # addresses of machines and people
        ("电话13812345678", "电话幺三八幺二三四五六七八"),
        ("电话010-12345678", "电话零幺零，幺二三四五六七八"),
        ("版本v2.0.1", "版本二点零点一"),
        ("192.168.1.1", "一百九十二点一百六十八点一点一"),
        ("GPT4和H200", "GPT四和H二零零"),
        ("0xFF", "十六进制FF"),
        # signs
        ("1+1=2", "一加一等于二"),
        ("½杯", "二分之一杯"),
        ("没有数字", "没有数字"),
    ],
)
def test_numbers_are_read_as_people_read_them(typed: str, said: str) -> None:
    """One case for each shape."""
    assert spoken(typed).replace(" ", "") == said.replace(" ", "")


def test_a_price_is_said_once() -> None:
    """The bug of wetext: 一元九十九点八元."""
    assert spoken("价格¥199.8元").count("元") == 1


@given(st.text(st.sampled_from("0123456789.,:：/-+$¥%kKmGB °x年月日个元第a"), max_size=30))
def test_no_shape_of_digits_is_too_strange(text: str) -> None:
    """Whatever is typed, something is said, and no digit is left over."""
    assert not any(character in "0123456789" for character in spoken(text))
