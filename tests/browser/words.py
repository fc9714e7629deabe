"""Words that are left in English on a page in Ukrainian: a heuristic."""

import re

from tests.browser.looks import Look

UKRAINIAN = re.compile("[А-ЩЬЮЯЄІЇҐа-щьюяєіїґ]")
# Languages other than Ukrainian that are written in Cyrillic letters have these too.
FOREIGN = re.compile("[ЁЪЫЭЎёъыэў]")
LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'-]+")
PATH = re.compile(r"\b[a-z]+(\.[a-z]+)+\b")  # of a value in an event's data
# Technical words that are the same in every language, and the data of the tests.
SAME_EVERYWHERE = {
    *("None", "Basic", "Bearer", "Custom", "Login", "Password", "X-Api-Key"),
    *("API", "Chatwoot", "Facebook", "Instagram", "SMS", "Telegram", "Viber", "WhatsApp"),
    *(
        "HTTP",
        "JSON",
        "TLS",
        "URL",
        "DNS",
        "UTC",
        "curl",
        "EN",
        "Chrome",
        "Linux",
        "Headless",
        *(
            "xx",
            "Python",
            "Node",
            "js",
            "PHP",
            "Go",
            "net",
            "http",
            "Ruby",
            "Shell",
            "Standard",
            "Webhooks",
        ),
        "Esc",
        "CSV",
        "NDJSON",
    ),
    *("Slack", "Discord", "Microsoft", "Teams", "Google", "Chat", "XML", "POST", "PUT", "PATCH"),
    *("application", "json"),
    *("HMAC", "OAuth", "X-Hub-Signature-", "X-Chatwoot-Timestamp", "sha", "hex", "base"),
    *("Content-Type", "User-Agent", "webhook-id", "webhook-timestamp", "webhook-signature"),
    *("OK", "webhooks-ui", "olena", "acme", "Off", "Refused", "elsewhere", "nobody", "sales"),
}
# What people read or hear: texts, and the attributes that stand in for them; no code, no data.
WORDS = """() => {
  const skipped =
    "script, style, template, noscript, code, pre, bdi, textarea, .url, .headers, [lang=en]";
  const found = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());)
    if (!node.parentElement.closest(skipped)) found.push(node.textContent);
  for (const name of ["aria-label", "title", "placeholder", "data-copied", "alt"])
    for (const each of document.querySelectorAll(`[${name}]`))
      if (!each.closest(skipped)) found.push(each.getAttribute(name));
  for (const [name, words] of Object.entries(document.body.dataset))
    if (name.startsWith("say")) found.push(words);
  return found.map((text) => text.replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""


def english(texts: list[str]) -> set[str]:
    """Those of the texts that have words of another language than Ukrainian in them."""
    return {text for text in texts if FOREIGN.search(text) or _unknown(text)}


def _unknown(text: str) -> bool:
    if text.startswith(("http://", "https://")) or UKRAINIAN.search(text):
        return False
    return bool(set(LATIN_WORD.findall(PATH.sub("", text))) - SAME_EVERYWHERE)


def _judge(texts: list[str]) -> None:
    assert len(texts) > 5
    assert english(texts) == set()


IN_UKRAINIAN = Look(WORDS, _judge)
"""Every text that people read or hear on this page is Ukrainian."""
