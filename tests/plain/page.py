"""A browser without scripts, in this process: it reads real pages, follows links and sends forms.

It finds things as a person does, by what they are called, and sends what a browser would: each
control of the form, its hidden fields too, and the button that is pressed.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urldefrag, urlencode, urljoin
from xml.etree.ElementTree import Element, TreeBuilder

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

Name = str | re.Pattern[str]

VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
CONTROLS = ("input", "select", "textarea", "button")
ADDRESS = "http://localhost"
MAX_REDIRECTS = 10


class Parser(HTMLParser):
    """Builds the elements of a page, in which every element has to be closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._builder, self._open = TreeBuilder(), list[str]()
        self.feed(page)
        self.close()
        assert not self._open, f"not closed: {self._open}"
        self.root = self._builder.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._builder.start(tag, {name: value or "" for name, value in attrs})
        self._open.append(tag)
        if tag in VOID:
            self.handle_endtag(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"{tag} is closed within another element"
        self._builder.end(tag)

    def handle_data(self, data: str) -> None:
        if self._open:
            self._builder.data(data)


class Page:
    """The page that this browser shows, and what one can do on it.

    What only scripts use, or what is hidden from everybody, is not there.
    """

    def __init__(self, client: FlaskClient, path: str, language: str = "en") -> None:
        self.client, self._language = client, language
        self._before: list[str] = []
        self.url = ""
        self.go(path)

    # ---- Where it is ---------------------------------------------------------------------------
    def go(self, url: str) -> Self:
        """Open an address."""
        return self._load("GET", url)

    def reload(self) -> Self:
        """Ask for the page again."""
        return self._load("GET", self.url)

    def back(self) -> Self:
        """Go to the page before this one."""
        self._before.pop()
        return self._load("GET", self._before.pop())

    def _load(self, method: str, url: str, form: MultiDict[str, object] | None = None) -> Self:
        self._before += [self.url] if self.url else []
        headers = {"Accept-Language": self._language, "Sec-Fetch-Site": "same-origin"}
        if self.url:
            headers["Referer"] = ADDRESS + self.url
        address = urldefrag(urljoin(ADDRESS + self.url, url)).url
        for _ in range(MAX_REDIRECTS):
            assert address.startswith(f"{ADDRESS}/"), f"another site: {address}"
            answer = self.client.open(address, method=method, data=form, headers=headers)
            if not answer.location:
                break
            address = urldefrag(urljoin(address, answer.location)).url
            if answer.status_code not in (307, 308):  # RFC 9110, 15.4
                method, form = "GET", None
        self.status, self.html = answer.status_code, answer.text
        self.url = address.removeprefix(ADDRESS)
        self.root = Parser(self.html).root
        self._parents = {child: each for each in self.root.iter() for child in each}
        self._remove_hidden()
        return self

    def _remove_hidden(self) -> None:
        for element, parent in self._parents.copy().items():
            given = element.attrib
            for_scripts = "js-only" in given.get("class", "").split()
            if for_scripts or "hidden" in given or element.tag in ("script", "template"):
                place = list(parent).index(element)
                if place:
                    before = parent[place - 1]
                    before.tail = (before.tail or "") + (element.tail or "")
                else:
                    parent.text = (parent.text or "") + (element.tail or "")
                parent.remove(element)

    # ---- What it shows -------------------------------------------------------------------------
    def all(self, path: str) -> list[Element]:
        """Elements, by ElementTree's XPath."""
        return self.root.findall(f".//{path}")

    def one(self, path: str) -> Element:
        """The only element at this path."""
        found = self.all(path)
        assert len(found) == 1, f"{len(found)} of {path} on {self.url}:\n{self.text}"
        return found[0]

    def id(self, name: str) -> str:
        """The text of the element with this id."""
        return text(self.one(f"*[@id='{name}']"))

    @property
    def text(self) -> str:
        """The text of the page's own part."""
        return text(self.one("main"))

    @property
    def heading(self) -> str:
        """The page's heading."""
        return text(self.one("h1"))

    def rows(self, words: str = "") -> list[Element]:
        """The rows of the page's tables that contain these words, without headings of groups."""
        rows = [row for row in self.all("tbody/tr") if row.get("class") != "group"]
        return [row for row in rows if words in text(row)]

    # ---- Links and forms -----------------------------------------------------------------------
    def follow(self, name: Name) -> Self:
        """Follow the link of this name."""
        links = self._named(name, "a")
        targets = {link.attrib["href"] for link in links}
        assert len(targets) == 1, f"{targets} are called {name}"
        return self.go(targets.pop())

    def press(self, name: Name) -> Self:
        """Press the button of this name, which sends its form."""
        buttons = [each for each in self._named(name, "button") if is_submit(each)]
        assert len(buttons) == 1, f"{len(buttons)} buttons are called {name} on {self.url}"
        return self._send(buttons[0])

    def enter(self, label: Name) -> Self:
        """Press Enter in a field: the first button of its form is pressed."""
        form = self._form_of(self.field(label))
        return self._send(next(each for each in self._controls(form) if is_submit(each)))

    def field(self, label: Name) -> Element:
        """The control with this label, in the first of the forms that have one."""
        found = self._named(label, "input", "select", "textarea")
        forms = [self._form_of(each) for each in found]
        assert forms.count(forms[0]) == 1, f"several fields are called {label} on {self.url}"
        return found[0]

    def fill(self, label: Name, typed: str) -> Self:
        """Type into a field; what was in it is replaced."""
        field = self.field(label)
        if field.tag == "textarea":
            field.text = f"\n{typed}"  # the first newline counts for nothing
        else:
            assert field.get("type", "text") not in ("checkbox", "radio", "hidden"), label
            field.set("value", typed)
        return self

    def check(self, label: Name) -> Self:
        """Tick a box, or choose one of several."""
        field = self.field(label)
        if field.get("type") == "radio":
            for other in self._controls(self._form_of(field)):
                if other.get("name") == field.get("name"):
                    other.attrib.pop("checked", None)
        field.set("checked", "")
        return self

    def select(self, label: Name, value: str) -> Self:
        """Choose an option by its value or its text."""
        options = list(self.field(label).iter("option"))
        (wanted,) = (each for each in options if value in (each.get("value"), text(each)))
        for each in options:
            each.attrib.pop("selected", None)
        wanted.set("selected", "")
        return self

    def value(self, label: Name) -> str:
        """What stands in a field."""
        field = self.field(label)
        return next(chosen(field))

    # ---- How a browser does it -----------------------------------------------------------------
    def _named(self, name: Name, *tags: str) -> list[Element]:
        """What is called so, or else what has it in its name; in the page's own part if any is."""
        for place in (self.one("main"), self.root):
            names = {each: self.name(each) for each in place.iter() if each.tag in tags}
            found = [each for each, called in names.items() if called == name]
            pattern = re.compile(re.escape(name), re.IGNORECASE) if isinstance(name, str) else name
            found = found or [each for each, called in names.items() if pattern.search(called)]
            if found:
                return found
        raise AssertionError(f"no {' or '.join(tags)} is called {name} on {self.url}")

    def name(self, element: Element) -> str:
        """What an element is called."""
        given = element.attrib
        if "aria-label" in given:
            return given["aria-label"]
        if "aria-labelledby" in given:
            return " ".join(self.id(each) for each in given["aria-labelledby"].split())
        if element.tag in ("a", "button"):
            menus = [each.attrib for each in self._above(element) if "popover" in each.attrib]
            own = [menu["aria-label"] for menu in menus if "aria-label" in menu]
            return ": ".join([text(element) or given.get("title", ""), *own])
        labels = [each for each in self._above(element) if each.tag == "label"]
        if "id" in given:
            labels += self.all(f"label[@for='{given['id']}']")
        return " ".join(text(each, controls=False) for each in labels[:1])

    def _above(self, element: Element) -> Iterator[Element]:
        while (parent := self._parents.get(element)) is not None:
            yield parent
            element = parent

    def _form_of(self, control: Element) -> Element:
        if "form" in control.attrib:
            return self.one(f"form[@id='{control.attrib['form']}']")
        return next(each for each in self._above(control) if each.tag == "form")

    def _controls(self, form: Element) -> Iterator[Element]:
        """The form's controls that work, in the page's order."""
        for each in self.root.iter():
            if each.tag in CONTROLS and "disabled" not in each.attrib:
                above = list(self._above(each))
                is_off = any(one.tag == "fieldset" and "disabled" in one.attrib for one in above)
                owner = each.get("form", "")
                if not is_off and (owner == form.get("id") if owner else form in above):
                    yield each

    def _send(self, button: Element) -> Self:
        form = self._form_of(button)
        for menu in self._above(button):
            if "popover" in menu.attrib:
                assert self.all(f"*[@popovertarget='{menu.attrib['id']}']"), "nothing opens it"
        fields: list[tuple[str, object]] = []
        for each in self._controls(form):
            name = each.get("name")
            if each is button or each.tag != "button":
                assert "required" not in each.attrib or any(chosen(each)), f"{name} is required"
                fields += [(name, value) for value in chosen(each) if name]
        action = button.get("formaction") or form.get("action") or self.url
        if form.get("method", "get").lower() == "post":
            return self._load("POST", action, MultiDict(fields))
        return self.go(f"{action.partition('?')[0]}?{urlencode(fields)}")


def is_submit(element: Element) -> bool:
    """Whether this control sends its form."""
    return element.tag == "button" and element.get("type", "submit") == "submit"


def chosen(control: Element) -> Iterator[str]:
    """The values that a control adds to its form."""
    if control.tag == "select":
        options = list(control.iter("option"))
        picked = [each for each in options if "selected" in each.attrib]
        picked = picked or ([] if "multiple" in control.attrib else options[:1])
        yield from (each.get("value", text(each)) for each in picked)
    elif control.tag == "textarea":
        lines = re.split("\r?\n", control.text or "")
        yield "\r\n".join(lines if lines[0] or len(lines) == 1 else lines[1:])
    elif control.get("type") in ("checkbox", "radio"):
        yield from [control.get("value", "on")] if "checked" in control.attrib else []
    elif control.get("type") != "file":
        yield control.get("value", "")


def text(element: Element, *, controls: bool = True) -> str:
    """The text that stands in an element, with each space once."""

    def parts(of: Element) -> Iterator[str]:
        if of.get("aria-hidden") != "true" and (controls or of.tag not in CONTROLS):
            yield of.text or ""
            for each in of:
                yield from parts(each)
                yield each.tail or ""

    return " ".join("".join(parts(element)).split())
