"""Plots about things: lost, found, broken, made, given and wished for."""
import words as w
from plot import plot


@plot("people town farm wild ice sea")
def lost_thing(s):
    o, h = s.keepsake(), s.h
    place, helper = s.place(), s.creature("c")
    s.hiding("x1"), s.hiding("x2"), s.hiding("x3")
    if s.because("{h.he} had lost {h.his} {o.b}"):
        s.say("{h} had [left {o.it}|dropped {o.it}] on the way to {p.the} [yesterday|that morning].")
    else:
        s.open()
        giver = s.chance(0.5)
        if giver:
            s.parent("m")
        s.say("{h} had {o.a}." if not giver or s.chance(.5) else "{h} had {o.a} that {m} had [given|made for] {h.him}.")
        lost_it(s)
    s.paragraph()
    s.say("{h} looked {x1}, but {o} {o.was} not there. [{h} looked {x2}, but there was only [a leaf|dust|an old stick|a little bug]|Then {h} looked {x2}, but {o.its_subject} {o.was} not there either].")
    find_it(s)


def lost_it(s):
    o, h = s.slots["o"], s.h
    s.maybe(.6, "It was [the best thing {h.he} had|very special to {h.him}|{h.his} favorite thing]." if not o.plural else
            "{h} [loved them|wore them everywhere|was very proud of them].")
    s.maybe(.4, "{h} took {o.it} everywhere.")
    s.start("{h} [{h.went}|went] to {p.the} [with {o}|to play]. When {h.he} came home, {o} {o.was} gone!")
    s.maybe(.6, "\"Oh no! Where {o.is_} my {o.core}?\" {h} [cried|said|asked].")
    s.feel_bad()


def find_it(s):
    o = s.slots["o"]
    s.say("[Then|After a while|Just then] {h} met {c}. \"[Why are you so sad|What is wrong|What are you looking for]?\" asked {c}.")
    s.say("\"I lost my {o.b},\" {h} said. \"[Have you seen {o.it}?|Can you help me?|I have looked everywhere.]\"")
    s.paragraph()
    s.say("[{c} thought for a moment.|{c} nodded.|\"Yes!\" said {c}.] \"[I saw something {col} {x3}|I think I saw {o.it} {x3}|Let us look {x3}].\"",
          col=o.look)
    s.say("They [went there together|ran to look|hurried back to {p.the}]. There {o.was} {o}, {x3}!")
    s.say("[{h} hugged {c} and said, \"Thank you, {c.voc}!\"|\"Thank you so much!\" said {h}.|{h} jumped for joy. \"Thank you, {c.voc}!\"]")
    s.maybe(.5, "[{c} smiled. \"[That is what friends are for|I am happy to help],\" {c} said.|{c} was glad too.]")
    s.end("From that day on, {h} [always kept {o} close|was more careful with {o}|never lost {o.it} again].",
          "{h} and {c} became good friends, and {h} took good care of {o}.",
          "{h} learned that it is good to ask for help.")


@plot("people town farm wild ice sea")
def found_thing(s):
    h = s.h
    o = s.thing("o", ["shell", "pearl", "coin", "ring", "crown"] if s.world == "sea" else w.FINDS[:6] + w.WEAR + w.TOYS[:12])
    s.place(), s.hiding("x")
    s.open()
    s.start("{h} was playing [near|by] {p.the}. There, {x}, {h} [saw|found] {o.a}.")
    s.say("\"[What a {o.b}|How pretty|Look at this]!\" {h} said. " if not o.plural else "\"How pretty!\" {h} said. ")
    s.say("{h} [wanted to keep {o.it}|picked {o.it} up and smiled]. But then {h.he} thought, \"[Someone must be missing {o.it}|Maybe somebody lost {o.it}|{o.this} {o.is_} not mine].\"")
    s.paragraph()
    s.friend("f", "new")
    s.say("So {h} [went to find|looked for] the owner. [First {h.he} asked {g}. \"{o.this} {o.is_} not mine,\" {g} said. |]{h} asked [everyone|all the others] {h.he} met.", g=s.grown_up())
    s.say("[At last|Then|After a long time] {h} [saw|met] {f}. {f} was [crying|looking everywhere|very sad].")
    s.say("\"[What is wrong|Why are you sad]?\" asked {h}. \"I lost my {o.core},\" said {f}. \"[It was a gift from my grandma|I have looked all day|I loved it so much].\"" if not o.plural else
          "\"What is wrong?\" asked {h}. \"I lost my {o.core},\" said {f}.")
    s.say("{h} held out {o}. \"[Is this yours|Is this what you lost]?\" [{h} asked.|]")
    s.paragraph()
    s.say("{f} [smiled a big smile|jumped up and down|could not believe it]. \"Yes! [Thank you|You found {o.it}|Oh, thank you]!\"")
    s.maybe(.7, "To say thank you, {f} gave {h.n} [{t.a}|a big hug|a pretty flower].", t=s.thing("t", w.TREATS, look="") if s.world != "sea" else s.thing("t", ["shell", "pearl"]))
    s.maybe(.5, "Then they played {game} [until the sun went down|together].", game=s.pick(w.GAMES))
    s.end("{h} had given back {o.a}, but {h.he} had found a friend.",
          "{h} felt [good|happy|proud], because {h.he} had done the right thing.",
          "From that day on, {h} and {f} were good friends.")


@plot("people town")
def broken_toy(s):
    h = s.h
    o = s.thing("o", ["toy car", "toy train", "doll", "kite", "drum", "wagon", "toy boat", "music box", "toy plane", "puppet", "toy horse", "robot"])
    part = {"toy car": "wheel", "toy train": "wheel", "doll": "arm", "kite": "tail", "drum": "strap", "wagon": "wheel",
            "toy boat": "sail", "music box": "lid", "toy plane": "wing", "puppet": "arm", "toy horse": "leg", "robot": "arm"}[o.core]
    m = s.parent()
    s.slots["part"] = part
    if not s.because("{h.his} {o.b} was broken"):
        s.open()
        s.say("{h} had {o.a}. [{h} played with it every day.|It was {h.his} favorite toy.|]")
        s.start("{h} [dropped {o} on the floor|pulled {o} too hard|played too fast with {o}]. Crack! The {part} [came off|broke].")
        s.feel_bad()
    else:
        s.say("The {part} had come off.")
    s.maybe(.5, "\"[My {o.core} is broken|It will never be the same|I broke it],\" {h} said.")
    s.paragraph()
    s.say("{h} [took {o}|carried the pieces|ran with {o}] to {m.n}. \"[Can you fix it|Can you help me], please?\" [{h} asked.|]")
    s.say("{m} [looked at the {part}|put on {m.his} glasses|smiled]. \"[I think we can fix it|We can try|Let us fix it together],\" {m} said.")
    s.say("They got [some glue|glue and string|a little hammer|some tape and glue]. {h} held {o} still, and {m.n} [put the {part} back|fixed the {part}].")
    s.say("\"Now we must wait,\" said {m}. [It was hard to wait, but {h} waited.|{h} waited and waited.|{h} waited all afternoon.]")
    s.paragraph()
    s.say("[At last|In the evening|The next morning] {o} was [as good as new|fixed|whole again]. {h} [clapped {h.his} hands|jumped for joy|hugged {m.n}]. \"Thank you, {m.voc}!\"")
    s.maybe(.5, "\"[Be gentle with it|Take good care of it],\" said {m}. \"I will,\" said {h}.")
    s.end("After that, {h} was always careful with {o}.",
          "{h} learned that broken things can often be fixed.",
          "{h} played with {o} again, but this time {h.he} was gentle.")


@plot("people")
def kite_stuck(s):
    h = s.h
    o = s.thing("o", ["kite", "balloon", "ball", "paper plane", "hat", "toy plane"], look=s.pick(w.COLORS))
    f = s.friend()
    s.open()
    s.start("{h} and {f} [took|carried] {o.a} to the [park|hill|field|meadow].")
    s.say("[They were having so much fun|They laughed and ran|It was a lot of fun]. Then a [big|strong] wind came. [Whoosh! |]{o} [flew|went] up into a [tall|big|high] tree and got stuck.")
    s.say("\"Oh no, my {o.core}!\" [cried|said] {h}." if s.chance(.7) else "\"What shall we do?\" asked {f}.")
    s.paragraph()
    s.say("First, {h} [jumped as high as {h.he} could, but the branch was too high|shook the tree, but nothing came down|threw a stick at it, but the stick missed].")
    s.say("Then {f} [tried to climb, but it was too hard|called to the birds, but they only sang|pushed the tree, but it did not move].")
    if s.chance(.5):
        s.grown_up()
        s.say("Just then, {g} came by with a [long ladder|tall ladder]. \"[Do you need help|Can I help you]?\" {g} asked. \"Yes, please!\" they said.")
        s.say("{g} climbed up [slowly|step by step] and [got {o}|brought {o} down].")
        s.say("\"Thank you!\" said {h}. [{g} smiled and went on {g.his} way.|\"You are welcome,\" said {g}.]")
        s.slots["who"] = s.slots["g"]
    else:
        s.say("Then {h} had an idea. \"[Stand on my shoulders|Climb on my back]!\" {h.he} said. {f} climbed up and reached and reached. [At last|Yes], {f.he} had {o}!")
        s.say("\"We did it!\" they [shouted|cried].")
        s.slots["who"] = f
    s.paragraph()
    s.say("{h} and {f.n} played with {o} [until it was time to go home|again, far away from the tree|all afternoon].")
    s.end("They learned that [two can do more than one|working together makes hard things easy|it is good to help each other].",
          "{h} was [so happy to have {o} back|very happy]." )


@plot("people town wild farm")
def wrong_gift(s):
    """A gift made by hand instead of one that costs money."""
    h = s.h
    m = s.parent("m", ["grandma", "grandpa", "mom", "dad", "mother", "father"])
    s.open()
    if s.world == "people":
        s.start("{h} remembered that it was {m.ns} birthday. {h} wanted to [give {m.him} a present|buy {m.him} something nice].")
        s.say("{h} [had no money|had only one coin|looked in {h.his} jar, but it was empty]. [\"What can I do?\" {h.he} thought.|{h} thought and thought.]")
    else:
        s.start("{h} wanted to give {m.n} a present. [But what could it be?|{h} thought and thought.]")
    gift, how = s.pick([
        ("a picture of the whole family", "took some paper and paints and painted {gift}"),
        ("a necklace of shells", "found some pretty shells and made {gift}"),
        ("a card with a big heart", "cut and glued and made {gift}"),
        ("a song", "sat down and made up {gift}"),
        ("a bunch of wild flowers", "went to the meadow and picked {gift}"),
        ("a warm scarf", "took some soft wool and made {gift}"),
        ("a crown of flowers", "picked flowers and made {gift}"),
        ("a little wooden bird", "found a piece of wood and made {gift}"),
        ("a basket of berries", "went out early and picked {gift}")])
    if s.world != "people":
        gift, how = s.pick([("a necklace of shells", "found some pretty shells and made {gift}"),
                            ("a song", "sat down and made up {gift}"), ("a crown of flowers", "picked flowers and made {gift}"),
                            ("a soft bed of leaves", "went from tree to tree and made {gift}"),
                            ("a basket of berries", "went out early and picked {gift}")])
    s.say("Then {h.he} had an idea. {h} " + how + ".", gift=gift)
    s.maybe(.6, "It took [a long time|all day|all morning], but {h} [did not stop|worked hard].")
    s.paragraph()
    s.say("[In the evening|After dinner|Soon after], {h} [gave it to {m.n}|went to {m.n}]. \"[Happy birthday|This is for you], {m.voc}! [I made it for you|I hope you like it],\" {h.he} said.")
    s.maybe(.5, "{h} was a little [worried|afraid]. [Would {m.he} like it?|]")
    s.say("{m} [looked at {gift}|listened|did not say anything at first] and [a big smile came to {m.his} face|smiled]. \"[This is the best present of all|I love it|It is so beautiful],\" {m} said, \"because [you made it yourself|it comes from your heart|you made it just for me].\"".replace("[looked at {gift}|listened|did not say anything at first]", "listened" if gift == "a song" else "looked at the present"))
    s.say("{m} [gave {h.n} a big hug|hugged {h.n} tight].")
    s.end("{h} learned that the best gifts come from the heart.",
          "{h} was [happy|proud], because {m.n} was happy.",
          "{m} kept the gift for many years." if gift != "a song" else "{m} sang the song every day.")


@plot("people wild farm town sea ice")
def magic_wish(s):
    h = s.h
    o = s.thing("o", ["stone", "shell", "ring", "feather", "lamp", "bell", "key", "coin", "button", "flower"], look=s.pick(["shiny", "golden", "strange", "blue", "silver", "little", "glowing"]))
    s.place()
    s.open()
    s.start("{h} found {o.a} [near|by] {p.the}. When {h.he} touched it, [a small voice said|it spoke], \"I [am magic|can do magic]. You [may have|get] one wish!\"")
    wish, trouble, undo = s.pick([
        ("to be very big", "{h} grew and grew until {h.he} was as tall as a tree. {h} could not go into {h.his} own home. Nobody could play with {h.him}", "small again"),
        ("to be very small", "{h} became as small as a bean. A drop of rain was like a lake, and an ant was as big as a horse. {h} was afraid", "big again"),
        ("that everything was made of sweets", "The trees and the grass and even the water turned to sweets. At first it was fun. But soon {h} had a tummy ache and was very thirsty", "the same as before"),
        ("that it was always night", "The sun went away and the stars came out. At first it was pretty. But the flowers closed, the birds stopped singing, and everyone was cold", "bright again"),
        ("to have all the toys in the world", "Toys fell from the sky. There were so many that {h} could not move, and the others had no toys at all", "the same as before"),
        ("that nobody could tell {h} what to do", "Suddenly {h} was all alone. There was nobody to say no, but there was nobody to play with and nobody to say good night", "the same as before"),
        ("that it would never rain again", "It was sunny every day. But soon the grass was brown, and the flowers were dry, and the animals had no water", "green again"),
        ("that time would stop", "Everything stood still. The birds hung in the air and the water did not move. It was very quiet, and {h} was lonely", "the same as before")])
    wish = wish.replace("{h}", h.him)
    s.say("{h} [thought for a moment|did not think for long|was very excited]. Then {h.he} wished {wish}.", wish=wish)
    s.say("[Poof!|Zing!|Whoosh!] " + trouble + ".")
    s.paragraph()
    s.say("\"[I do not like this|This is not what I wanted|I made a mistake]!\" {h} [cried|said].")
    if s.chance(.5):
        s.say("{h} held {o} tight. \"Please, can I change my wish? [I only want things to be as they were|I want everything to be as it was].\" [The voice said, \"If you have learned something, yes.\"|{o} began to glow.]")
    else:
        s.grown_up()
        s.say("{h} went to {g}. \"[Can you help me|What should I do]?\" {h} asked. {g} said, \"[Give the magic back|Say sorry to the magic and ask it to go]. Put {o} back where you found it.\" So {h} ran back to {p.the} and did it.")
    s.say("[Poof! Everything|Zing! Everything|In a moment everything] was {undo}.", undo=undo)
    s.maybe(.6, "{h} [laughed|danced|was so happy] and [hugged everyone|ran home].")
    s.end("{h} learned to [think before making a wish|be happy with what {h.he} had].",
          "After that, {h} did not need magic. {h} was happy just the way things were.")


@plot("people")
def secret_box(s):
    h = s.h
    f = s.friend()
    o = s.thing("o", ["box", "chest", "trunk", "bag", "suitcase"], look=s.pick(["old", "dusty", "big", "small", "wooden", "strange", "heavy", "locked"]))
    s.open()
    where = s.pick(["in the attic", "under the stairs", "in the garden shed", "under an old tree", "in Grandma's room", "in the basement", "behind a wall"])
    s.start("{h} found {o.a} {where}. It [had a big lock|was closed|would not open].", where=where)
    s.say("{h} called {f.n}. \"[Look what I found|Come and see]!\" [{h} said. |]\"[What is inside|What can it be]?\" asked {f}.")
    guess = s.pick(["gold", "treasure", "candy", "money", "pirate gold"])
    s.maybe(.6, "\"Maybe it is {guess},\" said {h}.", guess=guess)
    s.paragraph()
    s.say("They [shook it|pulled and pushed], but it did not open. Then {f} saw [a small key on a nail|a rusty key on the floor|a little key under a stone]. {h} put the key in the lock and turned it. Click!")
    inside = s.pick([("old photos", "one of a little girl with a big smile", "\"That is me when I was small,\" said {m.n}", "told them stories about the old days"),
                     ("old toys", "a doll and a wooden train", "\"I played with those when I was little,\" said {m.n}", "showed them how to play the old games"),
                     ("letters", "one with a red ribbon", "\"Your grandpa wrote those to me,\" said {m.n}", "read one of the letters to them"),
                     ("costumes", "a pirate hat and a long blue dress", "\"We put on plays when I was young,\" said {m.n}", "helped them put on a play"),
                     ("books", "one with pictures of dragons", "\"I read that book when I was your age,\" said {m.n}", "read the book to them")])
    s.say("Inside, there were {i0}. There was no {guess}, but there [were|was] {i1}.".replace("[were|was]", "was" if inside[1][:1] in "ao" and " and " not in inside[1] else "was"), i0=inside[0], i1=inside[1])
    s.parent("m", ["grandma"])
    s.say("They [ran|took the {o.core}] to {m.n}. " + inside[2] + ". {m} sat down and " + inside[3] + ".")
    s.paragraph()
    s.maybe(.7, "{h} and {f.n} [listened with big eyes|laughed and laughed|had a wonderful time].")
    s.end("\"This is better than {guess},\" said {h}.", "They learned that the best treasures are memories.",
          "Every week after that, they opened {o} again and {m.n} told them something new.")


@plot("people town farm")
def messy_room(s):
    h, m = s.h, s.parent("m", ["mom", "dad", "grandma", "mother", "father"])
    o = s.thing("o", w.TOYS)
    s.open()
    s.say("{h} [never|did not like to] clean up {h.his} room." if s.chance(.7) else "{h} [never put {h.his} toys away|always left {h.his} things on the floor].")
    s.say("There were [toys on the floor|socks under the bed|books on the chair] and [crumbs on the rug|clothes in every corner|blocks everywhere].")
    s.say("\"[Please clean your room|You should put your things away],\" said {m}. \"[Later|Not now|Tomorrow],\" said {h}.")
    s.paragraph()
    s.start("{h} wanted to play with {h.his} {o.b}, but {h.he} could not find {o.it}.")
    s.say("{h} looked [under the bed|on the shelf|behind the chair], but there were only [old socks|dusty books|empty boxes]. [Then {h.he} stepped on a block. \"Ouch!\" {h.he} cried.|]")
    s.say("{h} asked {m.n} for help. {m} said, \"[Maybe your {o.core} is hiding in the mess|When everything has a place, you can find it]. Let us clean up [together|and see].\"")
    s.say("{h} put the books on the shelf, the blocks in the box, and the socks in the drawer. [It took a long time.|{m} helped {h.him} with the bed.|] And there, {x}, was {o}!", x=s.pick(["under a pile of clothes", "behind a big pillow", "at the bottom of the toy box", "under a blanket"]))
    s.paragraph()
    s.say("\"[I found it|Here it is]!\" {h} [shouted|said]. [{m} laughed.|{m} smiled. \"And look how nice your room is,\" {m.he} said.|]")
    s.end("From then on, {h} put {h.his} things away every evening.", "{h} learned that it is easy to find things in a clean room.")


@plot("people")
def paint_colors(s):
    h, f = s.h, s.friend()
    s.open()
    thing, c, a, b = s.pick([("a tree", "green", "blue", "yellow"), ("an orange", "orange", "red", "yellow"),
                             ("a plum", "purple", "red", "blue"), ("a frog", "green", "yellow", "blue"),
                             ("a pumpkin", "orange", "yellow", "red"), ("a pig", "pink", "red", "white"),
                             ("a flower", "purple", "blue", "red"), ("a leaf", "green", "blue", "yellow"),
                             ("a gray cloud", "gray", "black", "white"), ("a pink dress", "pink", "white", "red")])
    s.start("{h} wanted to paint {thing}. {h} opened {h.his} paint box, but there was no {c}.", thing=thing, c=c, a=a, b=b)
    s.say("There was only {a} and {b}[ and a little brown|]. \"I cannot paint {thing} without {c},\" {h} said.")
    s.feel_bad()
    s.paragraph()
    s.say("{f} [came to visit|sat down next to {h.him}|looked at the paints]. \"[Do not be sad|I know a trick|Watch this],\" said {f.n}. \"[Mix|Put] {a} and {b} [together|in one cup].\"")
    s.say("{h} took a little {a} and a little {b} and [stirred|mixed them]. [Slowly|Like magic], the paint turned {c}!")
    s.say("\"[Wow|It is {c}|Look]!\" said {h}. {h} painted {thing}, and it [looked very nice|was beautiful]. {f} painted [a house|a cat|the sun|a boat] next to it.")
    s.paragraph()
    s.say("They [hung the picture on the wall|gave the picture to {m}|showed it to {m}]. [\"What a lovely picture,\" said {m}.|Everyone liked it.]", m=s.parent())
    s.end("{h} learned that you can make something new from what you have.", "After that, {h} and {f.n} mixed all kinds of colors.")


@plot("people")
def puddle(s):
    h, m = s.h, s.parent("m", ["mom", "dad", "grandma", "grandpa"])
    o = s.thing("o", ["boots", "shoes", "socks"], look=s.pick(w.COLORS))
    s.open()
    s.say("[It had rained all night.|After the rain there were puddles everywhere.|It rained and rained, and then it stopped.] {h} had {o.a}[, and they were new|]. \"[Please keep them clean|Do not get them dirty],\" said {m}.")
    s.say("{h} went outside. There was a [big|deep|wide] puddle [in front of the house|by the gate|on the path]. {h} [looked at it|wanted to jump in it very much]. \"[Just one little jump|Only a small splash],\" {h.he} thought.")
    s.say("Splash! [Mud flew everywhere.|The water went up high.] {o} {o.was} [brown with mud|wet and dirty].")
    s.paragraph()
    s.say("{h} [was afraid to go home|felt bad]. But {h.he} went to {m.n} and said, \"[I am sorry|I jumped in the puddle]. My {o.core} are dirty.\"")
    s.say("{m} [looked at {o}|looked at the mud]. \"[Thank you for telling me|It is good that you told the truth],\" {m.he} said. \"[Now we will wash them|You can help me wash them].\"")
    s.say("They washed {o} [in a big bucket|with soap and warm water], and soon they were {look} again. [Then {m.n} gave {h.him} a pair of old boots. \"These are for puddles,\" {m.he} said.|]", look=o.look)
    s.maybe(.6, "They went outside and jumped together. Splash, splash, splash!")
    s.end("{h} learned to [tell the truth|wear old boots for puddles].", "{h} laughed. It was a good day for puddles.")


@plot("people town")
def market_coin(s):
    h, m = s.h, s.parent("m", ["mom", "dad", "grandma", "mother"])
    item = s.thing("o", ["loaf of bread", "bag of apples", "jar of honey", "basket of eggs", "bottle of milk", "fish", "bag of flour"], look="")
    s.open()
    s.start("{m} gave {h.n} [a coin|some money|three coins] and said, \"Please [go to the market and buy|bring me] {o.a}.\"")
    s.say("{h} [walked down the road|skipped along the street|went to the market]. On the way {h.he} saw [a stall with sweets|a man with balloons|a window full of toys]. {h} [stopped|looked and looked]. {h} wanted to buy something there so much!")
    s.say("But then {h} thought of {m.n}. \"No,\" {h.he} said. \"[I promised|We need {o.a}].\"")
    s.paragraph()
    s.grown_up("g")
    s.say("At the market, {h} [saw|met] {g}. {g} had dropped [a basket|a big bag], and [apples|potatoes|onions|oranges] [rolled|were rolling] everywhere. {h} [helped pick them up|ran and picked them all up].")
    s.say("\"[Thank you, you are very kind|What a helpful {h.kind} you are],\" said {g}. {g} gave {h.n} {t.a}.", t=s.thing("t", w.TREATS, look=""))
    s.say("Then {h} bought {o.a} and [went|ran|walked] home.")
    s.paragraph()
    s.say("\"[You did it all by yourself|Well done],\" said {m}. {h} [shared {t} with {m.n}|cut {t} in two and gave {m.n} half]." )
    s.end("{h} felt [big|proud] that day.", "{h} learned that when you help others, good things come back.")


@plot("people wild farm sea ice")
def star_home(s):
    h = s.h
    s.open()
    if s.world == "sea":
        s.slots["up"] = "to the top of the water"
    else:
        s.slots["up"] = s.pick(["to the top of the hill", "to the highest tree", "to the top of the mountain"])
    s.say("One night, {h} saw a [bright|little|golden] light fall from the sky. It [landed|fell] {x}. {h} went to look. It was a [tiny|small|little] star!", x=s.hiding("x"))
    s.say("The star was [crying|sad|cold]. \"[I fell down|I lost my place in the sky],\" it said. \"[I want to go home|How can I get back]?\"")
    s.say("\"[Do not cry|Do not worry], little star,\" said {h}. \"I will help you.\"")
    s.paragraph()
    c = s.creature("c")
    s.say("{h} threw the star up [high|as high as {h.he} could], but it [came back down|fell down again]. {h} asked {c} for help. \"[We must go {up}|You need to be closer to the sky. Go {up}],\" said {c}.")
    s.say("So {h} and {c.n} [carried|took] the star {up}. It was [far|a long way], and they were [tired|cold], but the star [gave them light|shone for them all the way].")
    s.say("At the top, {h} held the star up. A [soft|warm] wind came and [lifted|carried] it up, up, up, until it was [back in its place|home again].")
    s.paragraph()
    s.say("\"Thank you!\" called the star. It [blinked|winked] at {h.o}." if s.chance(.5) else "The star shone brighter than all the others. \"Thank you, {h.voc}!\" it called.")
    s.end("Every night after that, {h} looked up and [waved|said good night] to the star.", "And when {h} was afraid in the dark, the star shone just for {h.him}.")
