"""The page at ``/``: type, listen. No script or style from anywhere else."""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sayso</title><link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; font: 17px/1.5 system-ui, sans-serif }
  body { max-width: 40rem; margin: 10vh auto; padding: 0 1.25rem }
  h1 { margin: 0; font-size: 1.6rem } p { margin: .25rem 0 1.25rem; opacity: .75 }
  textarea, select, button, input { font: inherit; border-radius: .5rem; padding: .6rem .75rem }
  textarea, select, button, input { border: 1px solid #8886 }
  textarea { width: 100%; box-sizing: border-box; min-height: 7rem; resize: vertical }
  form { display: grid; gap: .75rem } .row { display: flex; gap: .75rem } select, input { flex: 1; min-width: 0 }
  .row[hidden] { display: none } label.row { align-items: center }
  button { background: #2b6cf6; color: #fff; border: 0; padding-inline: 1.5rem; cursor: pointer }
  button:disabled { opacity: .5 } audio { width: 100% } output { min-height: 1.5rem; display: block }
</style>
<h1>Sayso</h1><p>Type something, and hear it.</p>
<form>
  <textarea name="input" aria-label="Text" required>Hello from Sayso. This is the second sentence.</textarea>
  <label class="row" hidden>Key <input name="key" type="password" autocomplete="off"></label>
  <div class="row"><select name="voice" aria-label="Voice"></select><button>Speak</button></div>
  <output aria-live="polite"></output><audio controls hidden></audio>
</form>
<script>
const form = document.forms[0], said = form.querySelector("output"), player = form.querySelector("audio");
const locked = form.key.closest("label"), kept = "sayso-key";
form.key.value = sessionStorage.getItem(kept) || ""; locked.hidden = !form.key.value;
const ask = async (path, options = {}) => {
  const key = form.key.value.trim();
  const headers = {...options.headers, ...(key && {authorization: "Bearer " + key})};
  const answer = await fetch(path, {...options, headers});
  if (answer.status === 401) {
    locked.hidden = false; form.key.focus();
    throw new Error(key ? "This key is not valid here." : "Type your key first.");
  }
  if (key) sessionStorage.setItem(kept, key);
  if (!answer.ok) throw new Error((await answer.json()).error.message);
  return answer;
};
const fill = () => ask("/v1/audio/voices").then(answer => answer.json()).then(list => {
  form.voice.replaceChildren(...list.voices.map(voice => new Option(voice.name, voice.id)));
  said.textContent = "";
}).catch(error => { said.textContent = error.message; });
form.key.onchange = fill;
fill();
form.onsubmit = async event => {
  event.preventDefault();
  const button = form.querySelector("button"), began = performance.now();
  button.disabled = true; said.textContent = "Speaking…";
  try {
    const answer = await ask("/v1/audio/speech", {
      method: "POST", headers: {"content-type": "application/json"},
      body: JSON.stringify({input: form.input.value, voice: form.voice.value || null, response_format: "mp3"}),
    });
    const sound = await answer.blob();
    URL.revokeObjectURL(player.src); player.src = URL.createObjectURL(sound);
    player.hidden = false; player.play().catch(() => {});
    const cached = answer.headers.get("x-sayso-cache") === "hit" ? ", from the cache" : "";
    const who = part => decodeURIComponent(answer.headers.get("x-sayso-" + part) || "");
    const took = `${((performance.now() - began) / 1000).toFixed(2)} s${cached}`;
    said.textContent = [who("engine"), who("voice"), took, who("caption")].filter(Boolean).join(" · ");
  } catch (error) { said.textContent = error.message; }
  button.disabled = false;
};
</script>
</html>
"""
