"""Contrast of text, in a twentieth of the time that axe takes for it."""

from typing import Any

from playwright.sync_api import Page

from tests.browser.looks import Look, assert_looks

# WCAG 2.2, 1.4.3 and its definitions of relative luminance and of large text. What a text stands on
# are the colours of its ancestors: nothing of ours stands on a picture or a gradient.
TOO_FAINT = """() => {
  const colour = (text) => {
    const [r, g, b, a = 1] = text.match(/-?[\\d.]+(e-?\\d+)?/g).map(Number);
    return text.startsWith("color") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((each, n) => each * a + below[n] * (1 - a));
  const ground = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      layers.push(colour(getComputedStyle(each).backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [128, 128, 128]);
  };
  const luminance = (rgb) => rgb.map((each) => each / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const found = new Set(), grounds = new Map();
  const look = (element) => {
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return;
    if (element.closest(":disabled, [aria-disabled=true]")) return;
    const style = getComputedStyle(element);
    if (!grounds.has(element)) grounds.set(element, ground(element));
    const below = grounds.get(element);
    const [dark, light] = [luminance(over(colour(style.color), below)), luminance(below)]
      .sort((a, b) => a - b);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < least) found.add(`${ratio.toFixed(2)}: ${element.outerHTML.slice(0, 120)}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const holders = new Set(document.querySelectorAll("input, select, textarea"));
  for (let node; (node = walker.nextNode());)
    if (node.textContent.trim()) holders.add(node.parentElement);
  for (const each of holders) if (!each.closest("script, style, template, option")) look(each);
  return [holders.size, ...found];
}"""


def _judge(found: list[Any]) -> None:
    texts, *faint = found
    assert texts > 5
    assert not faint, "\n".join(faint)


READABLE = Look(TOO_FAINT, _judge)


def assert_readable(page: Page) -> None:
    """Every text that is shown stands out from what it stands on."""
    assert_looks(page, READABLE)
