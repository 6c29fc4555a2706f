FROM python:3.13-slim
# kokoro,indextts for cloned voices (docs/indextts.md); torch's build for CUDA comes with it.
ARG EXTRAS=kokoro
WORKDIR /sayso
COPY . .
RUN pip install --no-cache-dir ".[${EXTRAS}]" && useradd --create-home --uid 1000 sayso && mkdir /data && chown sayso /data
USER sayso
ENV SAYSO__DATA_DIR=/data SAYSO__HTTP__HOST=0.0.0.0 SAYSO__LOG__FORMAT=json
VOLUME /data
EXPOSE 8888
HEALTHCHECK --interval=30s --timeout=5s CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8888/health')"
ENTRYPOINT ["sayso"]
CMD ["run"]
