"""Who is in a story and where it happens: characters, places, openings, endings."""
import words as w
from grammar import Teller, Thing, Who

WILD = {"forest", "meadow", "pond", "river", "mountain", "jungle", "beach", "desert", "cave"}
PREPOSITION = {"at": set("beach market lake pond river playground farm waterfall stream reef".split()),
               "on": {"hill", "street", "sand bank", "ice hill", "frozen lake", "big white rock",
                      "big rock"},
               "by": {"old oak tree", "old ship"}}
KIN_CALL = {"mom": "Mom", "dad": "Dad", "grandma": "Grandma", "grandpa": "Grandpa",
            "mother": "Mother", "father": "Father", "aunt": "Auntie", "uncle": "Uncle",
            "big sister": "sister", "big brother": "brother"}


class Place:
    def __init__(self, name):
        self.name = name
        self.the = "the " + name
        preposition = next((p for p, names in PREPOSITION.items() if name in names), "in")
        self.at = preposition + " the " + name
        self.to = "to the " + name


class Story(Teller):
    """A story in the making. world: "people", "town", "farm", "wild", "ice" or "sea"."""

    def __init__(self, rng, world, kind):
        super().__init__(rng)
        self.world = world
        self.opened = False
        self.weather = None
        self.used = set()
        self.h = self.slots["h"] = self.hero(kind)
        self.slots["time"] = self.pick(["morning", "afternoon", "day", "day", "morning"])

    # ---- characters

    def fresh_name(self, names):
        if self.chance(0.12):
            name = self.pick(w.NAME_STARTS) + self.pick(w.NAME_MIDDLES) + self.pick(w.NAME_ENDS)
        else:
            name = self.pick(names)
        return name if name not in self.used else self.fresh_name(names)

    def child(self, adjective=None):
        girl = self.chance(0.5)
        name = self.fresh_name(w.GIRLS if girl else w.BOYS)
        self.used.add(name)
        kind = "girl" if girl else "boy"
        if self.chance(0.07):
            kind = self.pick(["princess", "queen", "pirate"] if girl else ["prince", "king", "knight", "pirate"])
        who = Who(name, "she" if girl else "he", kind=kind, went=self.pick(
            ["walked", "went", "ran"]), animal=False, named=True, home="people")
        trait = adjective if adjective is not None else self.pick(w.TRAITS)
        who.trait = trait
        who.what = (trait + " " + who.kind).strip()
        who.intro = self.pick([name, "a " + who.what + " named " + name,
                               "a " + who.kind + " named " + name,
                               "a little " + who.kind + " named " + name])
        return who

    def animal(self, kind=None, adjective=None, named=None):
        if kind is None:
            options = [a for a in w.ANIMALS if self.lives_here(a[1]) and a[0] not in self.used]
            kind = self.pick(options)[0]
        home, went = next((a[1], a[2]) for a in w.ANIMALS if a[0] == kind)
        self.used.add(kind)
        pronoun = "she" if kind in ("hen", "cow", "mermaid", "fairy") else self.pick(["he", "she"])
        if kind in ("wizard", "giant", "snowman"):
            pronoun = "he"
        if adjective is None:
            adjective = self.pick(w.TRAITS + ["little"] * 12)
        named = self.chance(0.5) if named is None else named
        if named:
            name = self.fresh_name(w.PET_NAMES + (w.GIRLS if pronoun == "she" else w.BOYS))
            self.used.add(name)
        else:
            name = "the " + (adjective + " " if self.chance(0.3) else "") + kind
        who = Who(name, pronoun, kind=kind, went=went, animal=True, named=named, home=home)
        who.trait = adjective
        who.what = (adjective + " " + kind).strip()
        who.intro = "a " + who.what + (" named " + name if named else "")
        return who

    def lives_here(self, home):
        if self.world in ("people", "town"):
            return home in ("town", "farm", "meadow", "pond")
        if self.world == "farm":
            return home in ("farm", "meadow", "pond")
        if self.world == "sea":
            return home == "sea"
        if self.world == "ice":
            return home == "ice"
        return home in ("forest", "meadow", "pond", "river")

    def hero(self, kind):
        who = self.child() if kind == "child" else self.animal(kind)
        if kind != "child" and self.chance(0.15):
            who.intro = None    # "The little fox was ..." at once
        return who

    def friend(self, slot="f", intro=None):
        """Another child or animal of the hero's own world."""
        who = self.child() if self.world == "people" else self.animal()
        if who.named and intro != "new" and self.chance(0.6):
            kind = "" if not who.animal else " the " + who.kind
            who.intro = self.pick([self.h.his + " friend " + who.name + kind, who.name + kind,
                                   self.h.his + " best friend " + who.name + kind])
        if intro == "new" and who.intro == who.name:
            who.intro = "a " + who.kind + " named " + who.name
        self.slots[slot] = who
        return who

    def creature(self, slot="c", pool=None, named=None):
        """A small animal that the hero meets."""
        if pool is None:
            pool = [k for k in "rabbit mouse hedgehog bird frog duck squirrel kitten puppy turtle "
                    "chick lamb owl mole robin sparrow butterfly bee snail ant".split()]
            if self.world == "sea":
                pool = ["fish", "octopus", "dolphin"]
            if self.world == "ice":
                pool = ["seal", "penguin", "bird"]
        pool = [k for k in pool if k not in self.used and k != self.h.kind] or pool
        who = self.animal(self.pick(pool), self.pick(["little", "small", "tiny", "gray", "brown",
                          "white", "friendly", "young", "thin", "wise", "old", "funny", "kind", "shy"]),
                          named if named is not None else self.chance(0.25))
        self.slots[slot] = who
        return who

    def parent(self, slot="m", pool=None):
        kin = self.pick(pool or (w.KIN[:8] if not self.h.animal else ["mother", "father", "mom",
                                 "dad", "grandma", "grandpa", "big sister", "big brother"]))
        who = Who(self.h.his + " " + kin, "she" if kin in w.SHE_KIN else "he", kind=kin,
                  went="walked", animal=self.h.animal, named=False, home=self.h.home)
        who.voc = KIN_CALL.get(kin, self.h.his + " " + kin)
        if kin in KIN_CALL and self.chance(0.25) and not self.h.animal and kin in ("mom", "dad", "grandma", "grandpa"):
            who.name = who.n = KIN_CALL[kin]
            who.ns = who.name + "'s"
        self.slots[slot] = who
        return who

    def grown_up(self, slot="g"):
        """A person of the village, or an old animal in the wild."""
        if self.world in ("people", "town", "farm"):
            she = self.chance(0.5)
            if self.chance(0.5):
                name = ("Mrs. " if she else "Mr. ") + self.pick(w.SURNAMES)
                job = self.pick(w.JOBS)
                who = Who(name, "she" if she else "he", kind=job)
                who.intro = self.pick([name + ", the " + job + ",", name])
                who.intro = name
            else:
                job = self.pick(["old woman" if she else "old man"] + w.JOBS)
                if job in ("fisherman", "postman"):
                    she = False
                who = Who("the " + job, "she" if she else "he", kind=job)
                who.intro = "a " + ("" if job.startswith("old") else self.pick(["kind ", "friendly ", "", "busy "])) + job
        else:
            pool = {"sea": ["whale", "octopus"], "ice": ["seal", "penguin"]}.get(
                self.world, ["owl", "turtle", "bear", "badger", "goat", "crow", "deer", "beaver"])
            pool = [k for k in pool if k != self.h.kind and k not in self.used] or pool
            kind = self.pick(pool)
            self.used.add(kind)
            look = self.pick(["old", "wise", "wise old", "big", "kind old"])
            who = Who("the " + look + " " + kind if self.chance(0.4) else "the " + kind,
                      self.pick(["he", "she"]), kind=kind)
            who.intro = "a " + look + " " + kind
        who.went, who.animal, who.named, who.home = "walked", False, False, "people"
        self.slots[slot] = who
        return who

    # ---- things and places

    def thing(self, slot="o", pool=None, look=None, colored=0.6):
        core = self.pick(pool or w.TOYS)
        if look is None:
            look = self.pick(w.COLORS) if self.chance(colored) else self.pick(w.LOOKS)
        if look == "wooden" and core not in ("train", "toy boat", "toy car", "drum", "box", "flute"):
            look = "pretty"
        if look in ("favorite", "special") and self.chance(0.5):
            look = "new"
        thing = Thing(core, look, core in w.PAIRS)
        self.slots[slot] = thing
        return thing

    def keepsake(self, slot="o"):
        """Something that the hero, child or animal, may own and lose."""
        if self.world == "people":
            pool = self.pick([w.TOYS, w.TOYS, w.WEAR, w.PAIRS])
        elif self.world == "sea":
            pool = ["shell", "pearl", "ring", "coin", "crown", "stone", "necklace", "bell"]
        else:
            pool = self.pick([w.WEAR[:10], ["shell", "stone", "feather", "ball", "drum", "flute",
                              "bell", "lantern", "basket", "kite", "blanket", "hat", "scarf", "boat"]])
        return self.thing(slot, pool)

    def place(self, slot="p"):
        pool = w.OUTDOORS.get(self.world, w.OUTDOORS["wild"])
        name = self.pick([p for p in pool if p not in self.used] or pool)
        self.used.add(name)
        place = Place(name)
        self.slots[slot] = place
        return place

    def hiding(self, slot, indoors=False):
        pool = w.HIDING_SEA if self.world == "sea" else w.HIDING if indoors else w.HIDING_OUT
        spot = self.pick([p for p in pool if p not in self.used] or pool)
        self.used.add(spot)
        self.slots[slot] = spot
        return spot

    def word(self, slot, pool):
        self.slots[slot] = self.pick(pool)
        return self.slots[slot]

    def likes(self):
        pool = {"people": w.LIKES, "sea": w.SEA_LIKES}.get(self.world, w.WILD_LIKES)
        like = self.pick([x for x in pool if x not in self.used])
        self.used.add(like)
        return like

    # ---- how stories begin

    def home_of(self, who):
        home = self.pick(w.HOMES[who.home])
        on = any(x in home for x in ("farm", "island", "beach", "street", "bank of"))
        return ("on " if on and "house" not in home else "in ") + home

    def open(self, p_intro=0.72):
        """Introduces the hero, in one of many ways, or leaves it to the plot."""
        h = self.h
        if h.name.startswith("the ") and h.intro is None:
            if self.chance(0.5):
                self.say("{h.n} [was very {mood}|lived {home}|loved to {like}].",
                         mood=self.pick(w.TRAITS[1:]), home=self.home_of(h), like=self.likes())
            return
        if not self.chance(p_intro):
            return
        self.say(self.pick(OPENINGS_NAMED if h.named else OPENINGS_UNNAMED),
                 home=self.home_of(h), like=self.likes(), like2=self.likes(), kind=h.kind, what=h.what,
                 other=self.pick([t for t in w.TRAITS if t != h.trait]))
        self.mentioned.setdefault(h, self.sentence)
        if self.chance(0.5):
            self.say(self.pick(DETAILS), like=self.likes())
        if self.chance(0.6):
            self.paragraph()

    def when(self, slot="when"):
        """"One day", "One cold morning": fits before a comma and before a subject."""
        r = self.rng.random()
        if r < 0.45:
            text = "One day"
        elif r < 0.7:
            kind, _ = self.pick(w.WEATHER)
            self.weather = kind
            text = "One " + kind + " " + self.slots["time"]
        elif r < 0.8:
            text = "One " + self.slots["time"]
        elif r < 0.87:
            text = "On a " + self.pick(w.WEATHER)[0] + " " + self.slots["time"]
        elif r < 0.92:
            text = "One " + self.pick(w.SEASONS) + " " + self.slots["time"]
        else:
            text = "On " + self.pick(w.DAYS) if self.world == "people" else "Early one morning"
        self.slots[slot] = text
        return text

    def start(self, template, **slots):
        """The first event of a plot: with "One day," or with the weather first."""
        self.slots.update(slots)
        self.when()
        r = self.rng.random()
        if template[0].isupper():
            template = template[0].lower() + template[1:]
        if r < 0.14 and self.world != "sea":
            kind, line = self.pick(w.WEATHER)
            self.say("It was a " + kind + " {time}. [" + line + ".|]")
            self.say(template[0].upper() + template[1:])
        elif not self.parts and r < 0.36:
            self.say(template[0].upper() + template[1:])
        elif not self.parts and r < 0.55:
            self.say("Once upon a time, " + template)
        else:
            self.say("{when}, " + template)

    # ---- how stories end

    def because(self, reason, p=0.16):
        """Sometimes begins with a feeling and its reason, in place of everything before."""
        if not self.chance(p):
            return False
        self.say("{h} was [sad|very sad|crying|unhappy|upset] because " + reason + ".")
        return True

    def feel_bad(self, slot="h"):
        t = "{%s}" % slot
        his = "{%s.his}" % slot
        self.say(t + self.pick([
            " felt [sad|very sad|upset|so sad].", " was [sad|very sad|upset] and did not know what to do.",
            " started to cry.", " wanted to cry. A [big |]tear rolled down " + his + " face.",
            " sat down and sighed. [\"Oh no,\" {x.he} said.|]".replace("x", slot)]))

    def end(self, *morals):
        """A moral of the plot or a quiet close, or both."""
        r = self.rng.random()
        if r < 0.42:
            self.say(self.pick(morals))
        elif r < 0.62:
            self.say(self.pick(CLOSES))
        elif r < 0.9:
            self.say(self.pick(morals))
            self.say(self.pick(CLOSES))
        if self.chance(0.04):
            self.say("The end.")


OPENINGS_NAMED = [
    "Once upon a time, there was a {what} named {h.n}. {h} [lived {home}|loved to {like}].",
    "Once upon a time, there was a {what} named {h.n}. {h} lived {home} with {h.his} family.",
    "Once upon a time, there was a {kind} named {h.n}. {h} was very {other}.",
    "Once upon a time, {home}, there lived a {what} named {h.n}.",
    "Once upon a time, a {what} named {h.n} lived {home}.",
    "There was once a {what} [named|called] {h.n} who lived {home}.",
    "There was a {what} named {h.n}. {h} [loved|liked] to {like}.",
    "Once there was a {what} named {h.n} who [loved|liked] to {like}.",
    "{home}, there lived a {what} named {h.n}.",
    "{home} lived a {kind} named {h.n}. {h} was {h.trait} and {other}.",
    "Long ago, {home}, there was a {what} called {h.n}.",
    "Long ago, a {what} named {h.n} lived {home}.",
    "A long time ago, there lived a {what} named {h.n}.",
    "{h.n} was a {what} who lived {home}.",
    "{h.n} was a {what} who loved to {like}.",
    "{h.n} was a {what}. {h} lived {home}.",
    "{h.n} loved to {like}. {h} was a {what}.",
    "{h.n} lived {home}. Every day {h.he} liked to {like}.",
    "Far away, {home}, lived a {what} named {h.n}.",
    "Every morning, {h.n} liked to {like}. {h.n} was a {what}.",
    "A {what} named {h.n} lived {home}. {h} [loved|liked] to {like}.",
    "Do you know {h.n}? {h.n} was a {what} who lived {home}.",
    "This is the story of {h.n}, a {what} who lived {home}.",
]
OPENINGS_UNNAMED = [
    "Once upon a time, there was a {what}. {h} lived {home}.",
    "Once upon a time, there was a {what} who lived {home}.",
    "Once upon a time, there was a {what} who loved to {like}.",
    "Once upon a time, a {what} lived {home}.",
    "Once upon a time, {home}, there lived a {what}.",
    "There was once a {what} who lived {home}.",
    "There was a {what} who [loved|liked] to {like}.",
    "Once there was a {what}. {h} lived {home} with {h.his} family.",
    "{home}, there lived a {what}.",
    "{home} lived a {what}. {h} was very {other}.",
    "Long ago, {home}, there was a {what}.",
    "Long ago, a {what} lived {home}.",
    "Far away, {home}, lived a {what}.",
    "A {what} lived {home}. Every day {h.he} liked to {like}.",
    "A {what} lived all alone {home}.",
    "Deep in the night, when all was quiet, a {what} sat alone {home}.",
][:-1]
DETAILS = [
    "{h} [loved|liked] to {like}.",
    "{h} [loved|liked] to {like} [all day long|every day|with {h.his} friends].",
    "Every day, {h.he} liked to {like}.",
    "Everyone [liked|loved] {h.o}[ very much|].",
    "{h} was always [ready to help|happy|smiling|busy].",
    "{h} had a big [smile|heart].",
    "Most of all, {h.he} liked to {like}.",
]
CLOSES = [
    "That night, {h} [fell asleep with a smile|slept very well|had sweet dreams|went to bed happy].",
    "{h} [went home|went to bed] with a big smile.",
    "It was [the best day ever|a very good day|a day to remember].",
    "{h} never forgot that day.",
    "And {h} was [happy|very happy] for a long, long time.",
    "When the moon came up, {h} was [fast asleep|still smiling].",
    "{h} could not wait to tell [{h.his} family|everyone] about it.",
    "And {h.he} lived happily ever after.",
]
