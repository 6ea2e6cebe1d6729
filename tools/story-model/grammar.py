"""A small language for story sentences.

    [a|b|c]     one of the alternatives; they may be empty and may be nested
    {h}         the character h: a name, or a pronoun where it is clear who is meant
    {h.o}       the same as an object (him, her), {h.s} as a possessive (Tom's, his)
    {h.n}       always the name; {h.ns} the name's
    {h.he} {h.him} {h.his} {h.self}   always the pronoun
    {x.word}    any other attribute of the slot x; {x} of a plain string is itself

A slot at the start of a sentence gets a capital, "a" becomes "an" before a vowel.
"""
import re

PRONOUNS = {
    "he": ("he", "him", "his", "himself"),
    "she": ("she", "her", "her", "herself"),
    "it": ("it", "it", "its", "itself"),
}
AN = re.compile(r"\b([Aa]) (?=[aeiouAEIOU])(?!uni|one|use|uku|eu)")
TOKEN = re.compile(r"[\[\]|]|\{[^}]*\}|[^\[\]|{}]+")
SAID = re.compile(r'(" (?:said|asked|cried|called|answered|shouted|whispered)) \{(\w+)\}')  # never "said he"
SENTENCE_END = re.compile(r"[.!?]\"? ")


class Who:
    """A character. `name` is how the story calls it: "Tom", "the fox", "her mom"."""

    def __init__(self, name, pronoun, **more):
        self.name, self.pronoun = name, pronoun
        self.n = name
        self.ns = name + "'s"
        self.he, self.him, self.his, self.self = PRONOUNS[pronoun]
        self.voc = name[4:] if name.startswith("the ") else name   # how others call to it
        self.intro = None   # what to write at the first mention: "a girl named Lily"
        for key, value in more.items():
            setattr(self, key, value)


class Thing:
    """An object: `core` is the noun, `look` one adjective that stays with it."""

    def __init__(self, core, look="", plural=False):
        self.core, self.look, self.plural = core, look, plural
        self.b = (look + " " + core).strip()          # bare: red ball
        self.a = self.b if plural else "a " + self.b    # a red ball
        self.full = "the " + self.b                     # the red ball
        self.it, self.was, self.its = ("them", "were", "their") if plural else ("it", "was", "its")
        self.its_subject = "they" if plural else "it"
        self.isnt = "are not" if plural else "is not"
        self.is_ = "are" if plural else "is"
        self.this = "these" if plural else "this"
        self.looks = "look" if plural else "looks"


def parse(text):
    """Turns a template into nested lists: str, ("slot", name, attribute), ("alt", [..])."""
    text = SAID.sub(r"\1 {\2.n}", text)
    stack = [[[]]]
    for token in TOKEN.findall(text):
        if token == "[":
            stack.append([[]])
        elif token == "|" and len(stack) > 1:
            stack[-1].append([])
        elif token == "]":
            alternatives = stack.pop()
            stack[-1][-1].append(("alt", alternatives))
        elif token[0] == "{":
            name, _, attribute = token[1:-1].partition(".")
            stack[-1][-1].append(("slot", name, attribute))
        else:
            stack[-1][-1].append(token)
    if len(stack) != 1:
        raise ValueError("brackets do not match: " + text)
    return stack[0][0]


PARSED = {}


class Teller:
    """Writes one story: keeps the slots, the text so far, and who was mentioned when."""

    def __init__(self, rng):
        self.rng = rng
        self.slots = {}
        self.parts = []
        self.tail = ""          # the last characters written, to know a sentence start
        self.sentence = 0
        self.mentioned = {}     # character -> number of the sentence of the last mention
        self.fresh = False      # the next text starts a sentence
        self.run = 0            # pronouns in a row without a name

    # ---- choosing

    def pick(self, items):
        return items[int(self.rng.random() * len(items))]

    def chance(self, p):
        return self.rng.random() < p

    # ---- writing

    def say(self, template, **slots):
        """Expands a template and adds it as one or more sentences."""
        if slots:
            self.slots.update(slots)
        node = PARSED.get(template)
        if node is None:
            node = PARSED[template] = parse(template)
        if self.parts and self.tail[-1] not in " \n":
            self.emit(" ")
        self.fresh = True
        self.walk(node)

    def maybe(self, p, template, **slots):
        if self.chance(p):
            self.say(template, **slots)
        elif slots:
            self.slots.update(slots)

    def paragraph(self):
        if self.parts:
            self.emit("\n\n")
            self.sentence += 3      # a new paragraph starts with names

    def emit(self, text):
        if not text:
            return
        capital = self.fresh and text != " "
        if capital:
            self.fresh = False
        if capital or self.tail[-2:] in (". ", "! ", "? ") or self.tail.endswith('." ') \
                or self.tail.endswith(' "') or self.tail == '"' or self.tail.endswith('\n"'):
            text = text[0].upper() + text[1:]
        self.parts.append(text)
        self.sentence += len(SENTENCE_END.findall(self.tail[-2:] + text)) \
            - len(SENTENCE_END.findall(self.tail[-2:]))
        self.tail = (self.tail + text)[-4:]

    def walk(self, node):
        for item in node:
            if type(item) is str:
                self.emit(item)
            elif item[0] == "alt":
                self.walk(self.pick(item[1]))
            else:
                self.slot(item[1], item[2])

    def slot(self, name, attribute):
        value = self.slots[name]
        if type(value) is Who:
            self.emit(self.refer(value, attribute))
        elif type(value) is str:
            self.emit(value)
        elif attribute:
            self.emit(getattr(value, attribute))
        else:
            self.emit("the " + (value.b if self.chance(0.35) else value.core))

    # ---- references

    def clear(self, who):
        """Whether a pronoun can only mean this character."""
        now = self.sentence
        if now - self.mentioned.get(who, -9) > 1 or self.run >= 3:
            return False
        for other, when in self.mentioned.items():
            if other is not who and other.pronoun == who.pronoun and now - when <= 1:
                return False
        return True

    def refer(self, who, attribute):
        if attribute in ("", "o") and who.intro and who not in self.mentioned:
            text, self.run = who.intro, 0
        elif attribute in ("", "o", "s"):
            if self.clear(who) and self.chance(0.8):
                self.run += 1
                text = {"": who.he, "o": who.him, "s": who.his}[attribute]
            else:
                self.run = 0
                text = who.ns if attribute == "s" else who.name
        else:
            text = getattr(who, attribute)
            if attribute in ("voc",):
                return text
        self.mentioned[who] = self.sentence
        return text

    def text(self):
        text = re.sub(" +", " ", "".join(self.parts))
        text = AFTER_SPEECH.sub(capital_after_speech, text)
        return AN.sub(r"\1n ", text).replace(" .", ".").replace(" ,", ",").replace(" \n", "\n").strip()


# "Help!" the fox cried.  "Help!" The fox ran.
AFTER_SPEECH = re.compile(r'([!?]" )(the|a|he|she|his|her|it)((?: \w+){1,4})')
SPEECH = re.compile(r" (said|asked|cried|shouted|called|whispered|thought|sighed)\b")


def capital_after_speech(match):
    quote, word, rest = match.groups()
    return quote + (word if SPEECH.search(rest) else word.capitalize()) + rest
