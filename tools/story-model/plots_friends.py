"""Plots about others: friends, helping, sharing, quarrels, kindness."""
import words as w
from plot import plot


@plot("people town farm wild ice sea")
def make_friend(s):
    h = s.h
    s.place()
    if not s.because("{h.he} had no [friends|one to play with]"):
        s.open()
        s.say("{h} [had no one to play with|did not have many friends|was often alone|was new here and did not know anyone]. [{h} wished for a friend.|{h} felt lonely.|]")
    f = s.friend("f", "new")
    s.start("{h} [saw|met] {f} {p.at}. {f} was [playing alone|sitting all alone|looking at the ground|building something].")
    s.say("{h} [was shy|was a little afraid to talk|did not know what to say]. [What if {f.n} did not want to play?|{h.ns} heart beat fast.|]")
    s.say("[But {h} took a deep breath|At last {h} walked up to {f.n}|Then {h} smiled] and said, \"Hello, [I am {h.n}|my name is {h.n}]. [Do you want to play|Can I play with you|May I sit with you]?\"" if h.named else
          "But {h} took a deep breath and said, \"Hello! [Do you want to play|Can I play with you|May I sit with you]?\"")
    s.paragraph()
    s.say("{f} [looked up and smiled|was surprised|smiled]. \"[Yes, please|I would like that|I was hoping someone would ask]!\" {f.he} said." + (" \"I am {f.n}.\"" if f.named else ""))
    s.say("They played {game} and [laughed a lot|ran until they were tired|had so much fun]. [Then they {act}.|]", game=s.pick(w.GAMES),
          act=s.pick(["looked for shells", "told each other jokes", "raced each other", "found a secret place"] if s.world == "sea" else ["shared {t.a}".replace("{t.a}", "some " + s.pick(w.FOODS)), "looked at the clouds", "told each other jokes", "raced to the big tree", "found a secret place"]))
    s.maybe(.6, "\"[I am glad I met you|You are fun|You are a good friend],\" said {f}. \"[Me too|So are you|I am glad too],\" said {h}.")
    s.paragraph()
    s.say("When it was time to go home, {f} asked, \"[Will you come back tomorrow|Can we play again tomorrow]?\" \"[Of course|Yes, I will]!\" said {h}.")
    s.end("{h} was not lonely anymore.", "From that day on, {h} and {f.n} played together every day.",
          "{h} learned that [a friend can start with one hello|you only have to ask].")


@plot("people town farm wild ice")
def help_stuck(s):
    h = s.h
    c = s.creature("c")
    s.place()
    flying = c.kind in ("bird", "robin", "sparrow", "owl", "bee", "butterfly")
    trap, fix = s.pick([("with one foot caught in a net", "pulled the net until it came apart"),
                        ("stuck in the deep mud", "found a long branch, held it out, and pulled and pulled"),
                        ("caught in a thorn bush", "moved the thorns away, one by one"),
                        ("with one leg stuck between two stones", "pushed the big stone until it moved"),
                        ("with a wing hurt" if flying else "with a hurt foot", "tied a soft leaf around it"),
                        ("at the bottom of a hole", "pushed a long branch down into the hole")])
    s.open()
    s.start("{h} was [on the way to {p.the}|playing {p.at}|walking home from {p.the}] when {h.he} heard a [small|weak|sad] voice. \"Help! [Please help me!|Is anyone there?]\"")
    s.say("{h} [looked around|followed the voice|ran to look]. It was {c} {trap}.", trap=trap)
    s.say("\"[Do not worry|Stay still|I am here], {c.voc},\" said {h}. \"I will help you.\"")
    s.paragraph()
    s.say("[At first {h} thought it was too hard.|It was not easy.|At first {h.he} did not know what to do.]")
    s.say("[Then {h} had an idea.|{h} thought hard.|] {h} " + fix + ". [Slowly, slowly, it worked.|It took a long time.|] At last {c.n} was free!")
    s.say("\"[Thank you|You saved me|Oh, thank you]!\" said {c}. \"[I will never forget this|You are so kind].\"")
    s.paragraph()
    if s.chance(.6):
        s.say("[The next day|A week later|Some days later], {h} got lost {x}. {h} called, but nobody came.", x=s.pick(["in the fog", "in the woods", "in the tall grass", "far from home"]))
        s.say("Then {c} [came|heard {h.o}|was there]. \"[Follow me|I know the way|Now I can help you],\" {c} said, and {c.he} [showed {h.n} the way home|took {h.n} all the way home].")
        s.end("{h} learned that when you help others, they help you too.", "From that day on, {h} and {c} were [best friends|the best of friends].", "One good deed had come back as another.")
    else:
        s.say("{h} [shared some {food} with {c.n}|took {c.n} home and gave {c.him} something to eat]. [{c} ate everything.|Soon {c.n} felt much better.]", food=s.pick(w.FOODS))
        s.end("From that day on, {h} and {c} were friends.", "{h} felt [good|happy|proud] because {h.he} had helped.", "Even someone small can do a big thing.")


@plot("people town farm wild ice")
def share_treat(s):
    h = s.h
    t = s.thing("t", w.TREATS, look=s.pick(["big", "sweet", "", "fresh", "yummy", "red"]) )
    s.place()
    giver = s.parent("m")
    s.open()
    f = s.friend("f")
    s.start("{m} gave {h.n} {t.a}. {h} [sat down {p.at} to eat it|took it to {p.the}]. [It smelled so good!|It looked so yummy!|]")
    s.say("{f} came by and [saw|looked at] {t}. \"[That looks good|I am so hungry|May I try it|Please give me a little bit],\" said {f}.")
    s.say("\"[No, it is mine|No, I want it all|It is all for me],\" said {h}, and {h.he} [turned away|held it tight|hid it behind {h.his} back]. {f} [walked away with {f.his} head down|looked sad and went away].")
    s.paragraph()
    s.say("{h} [took a bite|started to eat]. But [it did not taste as good as {h.he} thought|it was no fun to eat alone|{h.he} could not stop thinking about {f.n}]. [\"I was not nice,\" {h.he} thought.|{h} remembered how {f.n} had once helped {h.him}.|]")
    s.say("So {h} ran after {f.n}. \"[Wait|Stop], {f.voc}! I am sorry,\" {h} said. {h} [broke|cut] {t.full} in two and gave {f.n} the [bigger|other|first] piece.")
    s.say("\"[Really? Thank you|Oh, thank you]!\" said {f}. They [sat in the sun|sat side by side|sat down together] and ate. [It was the best {t.core} ever.|Now it tasted wonderful.]")
    s.paragraph()
    s.maybe(.5, "[The next day|Later], {f} brought some {food} and gave half to {h.n}.", food=s.pick(w.FOODS))
    s.end("{h} learned that [sharing is more fun than keeping|everything tastes better when you share].", "After that, {h} always shared with {f.n}.",
          "And {h} was glad that {h.he} had shared.")


@plot("people town wild farm")
def share_toy(s):
    h, f = s.h, s.friend("f")
    o = s.thing("o", [x for x in w.TOYS if x not in ("puzzle", "train")] if s.world in ("people", "town") else ["ball", "drum", "boat", "swing", "flute", "kite"])
    s.place()
    s.open()
    s.start("{h} had {o.a}. {f} [came over|came to play]. \"[Can I play with it|May I have a turn], please?\" asked {f}.")
    s.say("\"No!\" said {h}. \"[It is mine|You might break it|I had it first].\" {h} [held it tight|ran off with {o}].")
    s.say("{f} [went to sit under a tree|sat down alone|went to play alone]. Now {h} had {o} all to {h.self}, but [it was boring|it was no fun alone|there was nobody to play with].")
    s.paragraph()
    s.parent("m")
    s.maybe(.6, "{m} saw it and said, \"[It is nice to have things, but it is nicer to have friends|A toy cannot laugh with you, but a friend can].\"")
    s.say("{h} [thought about it|looked at {f.n}]. Then {h.he} [walked over|went to {f.n}] and said, \"[I am sorry|I was not kind]. [You can have a turn|Let us play together].\"")
    s.say("{f} [smiled|was not angry at all|jumped up]. [First {f.n} had a turn, and then {h.n}.|They took turns.|They played with {o} together.] They [laughed so hard that they fell over|had a lot of fun|made up a new game].")
    s.paragraph()
    s.end("{h} learned that [sharing makes friends|toys are more fun with two].", "From then on, {h} and {f.n} took turns with everything.", "\"This is much better,\" said {h}.")


@plot("people town wild farm sea ice")
def quarrel(s):
    h, f = s.h, s.friend("f")
    s.place()
    what = s.thing("o", w.TOYS if s.world in ("people", "town") else ["shell", "stone", "feather", "ball", "drum", "crown"])
    s.say("{h.n} and {f.n} were [best friends|good friends]. They [did everything together|played together every day|lived next to each other]." if h.named or s.chance(.8) else "Once upon a time, {h} and {f.n} were good friends.")
    h.intro = f.intro = None
    s.start("they found {o.a} {p.at}. \"[I saw it first|It is mine]!\" said {h.n}. \"No, [I saw it first|it is mine]!\" said {f.n}.")
    s.say("They pulled and pulled. [Crack! {o} broke in two.|Splash! {o} fell into the water and was gone.|Then they both fell down.] \"[Look what you did|It is your fault]!\" {h.n} [shouted|cried]. They [were very angry and went home|did not say another word].")
    s.paragraph()
    s.say("{h.n} [sat at home|sat alone|lay in bed] and was [still angry|cross]. But after a while, {h.he} [felt sad|missed {f.n}|felt bad]. There was nobody to [laugh with|talk to|play with]. [The {o.core} was not so important after all.|\"{f.n} is more important than {o.a},\" {h.he} thought.]")
    s.say("[The next morning|In the evening], {h.n} went to find {f.n}. On the way, {h.he} met {f.n}, who was coming to see {h.him}!")
    s.say("\"I am sorry,\" they both said at the same time. [Then they laughed.|They looked at each other and laughed.]")
    s.paragraph()
    s.say("[They fixed {o} together.|They found something else to play with.|They hugged each other.] \"[Let us never fight again|A friend is better than a {o.core}],\" said {f.n}.")
    s.end("They learned that saying sorry can [make things right|mend a friendship].", "And from that day on, they were even better friends.", "After that, they shared everything they found.")


@plot("people town wild farm sea ice")
def teased(s):
    h, f = s.h, s.friend("f", "new")
    s.place()
    animal = h.animal
    part, save = s.pick(
        [("was smaller than all the others", "crawled through the little hole"), ("was very small", "went through the narrow gap")] +
        ([("had very big ears", "heard the far away call first"), ("was slower than the others", "looked carefully at every stone and saw the tracks"),
          ("had a very loud voice", "called so loud that everyone could hear")] if s.world != "sea" else
         [("had a very loud voice", "called so loud that everyone could hear"), ("was brighter than all the others", "shone like a lamp in the dark")]))
    if not s.because("the others laughed at {h.him}", .12):
        s.open()
    s.say("{h} {part}. The others [laughed at|made fun of] {h.o}. \"[You cannot play with us|Look at {h.n}|You look funny],\" said {f}.".replace("{part}", part))
    s.say("{h} [went away and cried|felt sad|wished {h.he} was like everyone else].")
    if s.chance(.6):
        s.parent("m")
        s.say("\"[You are just right as you are|One day you will see why it is good to be you],\" said {m}.")
    s.paragraph()
    where = s.pick(["fell into a deep hole", "got lost in the fog", "was trapped in a cave", "got stuck under a fallen tree"])
    if s.world == "sea":
        where = s.pick(["got lost in the dark water", "was trapped in a cave"])
    if "hole" in save or "gap" in save:
        where = s.pick(["was trapped in a cave", "was locked in an old shed" if s.world == "people" else "was trapped under a rock"])
    s.start("{f.n} {where}. [Nobody could help.|The others tried to help, but they could not.] \"Help!\" {f.n} cried.".replace("{where}", where))
    s.say("[\"Let me try,\" said {h}.|{h} did not wait.|{h} knew what to do.] {h} " + save + ". [Soon|In a little while] {f.n} was [safe|free] again!")
    s.say("[Everyone cheered for {h.n}.|The others could not believe it.] {f} [looked at the ground|felt ashamed]. \"[I am sorry I laughed at you|I was mean to you]. [You saved me|Thank you], {h.voc}.\"")
    s.paragraph()
    s.say("\"[It is all right|I forgive you],\" said {h}. \"[Let us be friends.|Do you want to play?]\"")
    s.end("After that, nobody laughed at {h.n} again.", "They all learned that being different can be a good thing.", "{h} was proud to be just as {h.he} was.")


@plot("people town wild farm")
def sick_friend(s):
    h, f = s.h, s.friend("f")
    s.place()
    if s.because("{h.his} friend {f.n} was sick"):
        f.intro = None
    else:
        s.open()
        s.start("{h} went to play with {f.n}, but {f.n} [was sick|had a cold|did not feel well]. {f} [lay in bed|could not get up|had to stay in bed].")
    s.say("\"[I wanted to go to {p.the} with you|I am sorry I cannot play],\" said {f}. [\"Achoo!\"|{f} looked so sad.|]")
    s.say("{h} [thought about how to help|wanted to make {f.n} feel better]. {h} went home and made {d}. [{m} helped.|]", m=s.parent(), d=s.pick(["some soup", "hot tea with honey", "warm soup", "hot milk with honey", "a pot of soup"]))
    s.slots["d2"] = s.slots["d"].split()[1] if s.slots["d"].startswith(("some", "hot", "warm")) else "soup"
    s.slots["d2"] = next(x for x in ("soup", "tea", "milk") if x in s.slots["d"])
    s.paragraph()
    s.say("{h} [carried|brought] the {d2} to {f.n}, [step by step, so that nothing would spill|very carefully]. {f} drank it [slowly|all up]. \"[It is so warm and good|That feels good],\" said {f}.")
    s.say("[Then {h} told {f.o} a funny story|Then {h} sang a song|Then {h} read a book to {f.o}], and {f.n} [laughed|smiled for the first time that day|closed {f.his} eyes and slept].")
    s.maybe(.6, "{h} came back [every day|the next day] with {gift}.", gift=s.pick(["a flower", "a picture", "more " + s.slots["d2"], "some berries"]))
    s.paragraph()
    s.say("[After three days|A few days later|Soon], {f} was well again. They went to {p.the} together and played {game}.", game=s.pick(w.GAMES))
    s.end("\"[You are the best friend anyone could have|You made me well],\" said {f}.", "{h} learned that kindness is good medicine.", "And when {h} was sick one day, {f.n} brought {h.him} {d}.")


@plot("people town farm wild")
def cold_creature(s):
    h = s.h
    c = s.creature("c", ["bird", "mouse", "kitten", "puppy", "rabbit", "squirrel", "robin", "hedgehog"])
    o = s.thing("o", ["scarf", "hat", "blanket", "sweater", "coat"], look=s.pick(w.COLORS + ["warm", "soft"]))
    s.open()
    s.say("[It was winter|It was a very cold day|One winter day it was very cold]. [Snow fell from the sky.|The snow was deep.|Everything was white.] {h} had {o.a}[ to keep {h.him} warm|].")
    s.say("[On the way home|While {h.he} was playing in the snow|Outside], {h} saw {c}. {c} was [shaking|so cold that {c.he} could not move|sitting under a bush and shaking].")
    s.say("\"Are you cold[|, {c.voc}]?\" asked {h}. \"[I have no warm place to sleep|I cannot find my home|Yes, I am so cold],\" said {c}.")
    s.paragraph()
    s.say("{h} [looked at {o}. It was warm, and {h.he} liked it very much|thought for a moment]. Then {h.he} took off {o} and [put it around|wrapped it around|gave it to] {c.n}. ".replace("took off {o}", "took {o}" if o.core == "blanket" else "took off {o}"))
    s.say("\"[Now you will be warm|Here, you need it more than I do],\" {h} said. [{c} stopped shaking.|Soon {c.n} was warm.]")
    s.say("{h} [took {c.n} home|carried {c.n} home] and gave {c.him} [some food|a place by the fire|warm milk].")
    s.paragraph()
    s.say("When spring came, {c.n} [went back outside|said goodbye]. But {c.he} [came to visit every day|never forgot {h.n}|came back every morning and sang]." if c.kind in ("bird", "robin") else
          "When spring came, {c.n} went back outside. But {c.he} [came to visit every day|never forgot {h.n}].")
    s.end("{h} learned that [a kind heart keeps everyone warm|giving can make you feel warm inside].", "{h} did not have {o} anymore, but {h.he} had a new friend.")


@plot("people")
def new_school(s):
    h, f = s.h, s.friend("f", "new")
    m = s.parent("m", ["mom", "dad", "mother", "father", "grandma"])
    s.open()
    s.say("[It was the first day of school.|Today was {h.ns} first day at a new school.] {h} [was nervous|had a funny feeling in {h.his} tummy|did not want to go]. \"[What if nobody likes me|What if I get lost]?\" {h} asked.")
    s.say("{m} [held {h.ns} hand|gave {h.n} a hug]. \"[Just be yourself|Everyone is a little nervous on the first day|You will make a friend],\" {m.he} said.")
    s.paragraph()
    s.say("At school, there were many children. {h} sat down [at an empty table|in the back|by the window] and [looked at {h.his} shoes|did not say a word].")
    s.say("Then {f} sat next to {h.o}. \"[I am new too|I do not know anyone here],\" said {f}. \"[Are you nervous|Are you a little scared] too?\" \"Yes,\" said {h}, and they both [laughed|smiled].")
    o = s.thing("o", ["pencil", "lunch", "eraser", "crayon"], look="")
    s.maybe(.7, "{f} had forgotten {f.his} {o.core}, so {h} [shared {h.his} own|gave {f.him} half of {h.his} own]." if o.core == "lunch" else "{f} had no {o.core}, so {h} gave {f.him} one.")
    s.say("[They drew a picture together.|They sang a song with the class.|They played {game} at break time.] The teacher said, \"[Well done, both of you|What a good team you are]!\"", game=s.pick(w.GAMES))
    s.paragraph()
    s.say("After school, {m.n} asked, \"How was it?\" \"[I have a new friend|It was fun]!\" said {h}. \"[Can I go again tomorrow?|I want to go back tomorrow!]\"")
    if s.chance(.8):
        s.end("{h} was not nervous anymore.", "{h} learned that new things can be good things.")


@plot("people town farm wild sea ice")
def scary_stranger(s):
    """Someone who is feared turns out to be kind or lonely."""
    h = s.h
    kind = s.pick(["dragon", "giant", "wolf", "bear", "monster", "lion"]) if s.world != "sea" else s.pick(["shark", "whale", "monster", "giant squid"])
    if kind == h.kind:
        kind = "monster"
    from grammar import Who
    d = s.slots["d"] = Who("the " + kind, s.pick(["he", "she"]), kind=kind)
    where = s.pick(["in a cave", "on the hill", "behind the mountain", "in the dark woods"]) if s.world != "sea" else s.pick(["in a dark cave", "in the deep water", "in an old ship"])
    s.open()
    s.say("A [big|huge|great] {d.kind} lived {where}. [Everyone was afraid of {d.him}.|\"Never go there,\" everyone said.|At night they could hear {d.him} roar.]", where=where)
    s.mentioned[d] = s.sentence
    s.start("{h} heard a [strange|sad|loud] sound from there. It [was not a roar. It was crying|sounded like someone was crying].")
    s.say("{h} was afraid, but {h.he} [was also curious|wanted to know why|took a deep breath] and went closer, [step by step|very slowly|as quiet as could be].".replace("step by step|", "" if s.world == "sea" else "step by step|"))
    s.paragraph()
    s.say("There was {d}, [with big tears on {d.his} face|all alone]. \"Why are you crying?\" asked {h}.")
    why, help_ = s.pick([("I have a thorn in my foot, and it hurts", "{h} pulled and pulled, and out came the thorn"),
                         ("It is my birthday, and nobody came", "{h} sang a birthday song and gave {d.him} a flower"),
                         ("I am so lonely. Everyone runs away from me", "{h} sat down next to {d.him}, and they talked until the sun went down"),
                         ("I have a bad tooth", "{h} tied a string to the tooth and pulled, and out it came"),
                         ("I cannot sleep, because I am afraid of the dark", "{h} sang a soft song until {d.n} closed {d.his} eyes")])
    if s.world == "sea":
        why, help_ = s.pick([("I am so lonely. Everyone swims away from me", "{h} stayed with {d.him}, and they talked all day"),
                             ("I have a hook in my fin, and it hurts", "{h} pulled and pulled, and out came the hook"),
                             ("It is my birthday, and nobody came", "{h} sang a birthday song and gave {d.him} a shell")])
    s.say("\"" + why + ",\" said {d}. [\"Oh, you poor thing,\" said {h}.|{h} was not afraid anymore.|] " + help_ + ".")
    s.say("\"[Thank you|You are so kind],\" said {d}. \"[You are my first friend|Nobody was ever so nice to me|You are very brave].\"")
    s.paragraph()
    s.say("{h} [told the others|took {d.n} to meet the others]. [At first they were afraid, but soon they saw how kind {d.n} was.|Soon everyone was playing with {d.n}.]")
    s.end("They learned [not to be afraid of someone they did not know|that someone who looks scary can be kind].", "From that day on, {d.n} was never lonely again.", "And {h.n} and {d.n} were friends for ever.")


@plot("people town farm wild sea ice")
def race(s):
    h, f = s.h, s.friend("f")
    s.place()
    move = {"sea": "swim"}.get(s.world, "run")
    prize = s.thing("t", ["ribbon", "cup", "medal", "crown", "cake"] if s.world in ("people", "town", "farm") else ["crown of flowers", "basket of berries", "big shell", "shiny stone"], look=s.pick(["golden", "big", "blue", "shiny", ""]) if s.world in ("people", "town", "farm") else "")
    s.open()
    s.say("[Every year there was a big race {p.at}.|There was going to be a race {p.at}.] The winner would get {t.a}. {h} wanted to win very much. {h} [practiced every day|got up early every day to practice].")
    s.say("\"I will win,\" said {f.n}. \"[I am the fastest of all|Nobody is as fast as me].\" {h} [said nothing|only smiled|was a little worried].")
    s.paragraph()
    s.say("On the day of the race, everyone came to watch. \"Ready, set, go!\" {f} was [far ahead|in front], and {h} was right behind.")
    if s.world == "sea":
        s.say("Then {f.n} got caught in some sea grass. \"[Help|I am stuck]!\" {f.he} cried.")
    else:
        s.say("Then {f.n} [fell over a stone|tripped and fell]. \"[Ouch, my foot|My leg hurts]!\" {f.he} cried.")
    s.say("{h} [could win now|saw the finish line. It was so close]. But {h.he} [stopped and went back|turned around]. \"[Let me help you|Hold on to me],\" said {h}.")
    s.say("They [crossed the line together|came in last, side by side]. [Somebody else had won.|{c} won the race.]", c=s.creature("c"))
    s.paragraph()
    s.say("But everyone [clapped for {h.n}|cheered]. {g} came up and said, \"[Being kind is better than being fast|The best one is not always the first one].\" And {g.he} gave {h.n} {t.a} too.", g=s.grown_up())
    s.end("{f} said, \"[Thank you. You are a true friend|Next year I will help you].\"", "{h} learned that [winning is not everything|kindness is the best prize].")


@plot("people wild farm town")
def hide_and_seek(s):
    h, f = s.h, s.friend("f")
    s.place()
    s.open()
    s.start("{h} and {f} played hide and seek {p.at}. {f} [closed {f.his} eyes and counted|counted] to [ten|twenty].")
    s.say("{h} looked for a good place. {h} hid {x}. [It was dark and warm there.|It was very quiet there.] \"[Nobody will find me here|This is the best place],\" {h} thought.", x=s.hiding("x"))
    s.say("{f} looked {x2}. {f} looked {x3}. But {h.n} was not there. \"{h.voc}, where are you?\" {f.n} called.", x2=s.hiding("x2"), x3=s.hiding("x3"))
    s.paragraph()
    s.say("It took so long that {h.n} [fell asleep|closed {h.his} eyes and fell asleep]. The sun went down. {f} [was worried|began to cry]. {f} [ran to get|called] {m.n}, and they looked together with a [light|lantern].", m=s.parent())
    s.say("Then they heard [a soft snore|a funny noise]. It came from a place {x}. There was {h.n}, fast asleep!")
    s.say("\"[Found you|There you are]!\" cried {f.n}. {h} [opened {h.his} eyes|woke up]. \"[Did I win|Is it morning]?\" {h} asked. They all laughed.")
    s.paragraph()
    s.end("\"You are the best hider of all,\" said {f}.", "After that, {h} never hid too long.", "{m} carried {h.n} home, and they all had something warm to drink.")


@plot("people wild farm sea town ice")
def work_together(s):
    """A big and a small one need each other."""
    h = s.h
    c = s.creature("c")
    things = ["a big log", "a huge stone", "a fallen tree"] if s.world != "sea" else ["a big rock", "an old anchor"]
    s.place()
    s.slots["b"] = s.pick(things)
    s.slots["bt"] = "the " + s.slots["b"].split(" ", 1)[1]
    s.open()
    s.start("{h} wanted to go to {p.the}, but {b} [lay across the path|blocked the way]. {h} pushed and pushed, but {bt} did not move.")
    s.say("{c} came by. \"[I can help you|Let me help you],\" said {c}. \"[You are too small|What can you do],\" said {h}. \"[I can do it alone|I do not need help].\"")
    s.say("{h} pushed [again and again|with all {h.his} might]. It was no use. {h} [sat down, tired|was tired and sad].")
    s.paragraph()
    s.say("\"[I am small|I may be small], but I have an idea,\" said {c}. {c} [called {c.his} brothers and sisters|called all {c.his} friends]. \"[One, two, three|All together now]!\" they cried, and everyone pushed.")
    s.say("[Slowly|Little by little], {bt} [began to move|rolled away]. [Then it rolled down with a loud noise.|] The way was [open|free]!")
    s.say("\"[I was wrong|I am sorry I said you were too small],\" said {h}. \"Thank you, {c.voc}. [Come with me to {p.the}!|Will you come with me?]\"")
    s.paragraph()
    s.say("So they went to {p.the} together and [played all day|had a lot of fun|had a picnic]." if s.world != "sea" else "So they went to {p.the} together and played all day.")
    s.end("{h} learned that [no one is too small to help|together we are strong].", "From then on, {h} never said that someone was too small.")


@plot("people farm town wild")
def picnic(s):
    h, f = s.h, s.friend("f")
    s.place()
    s.word("a", w.FOODS), s.word("b", [x for x in w.FOODS if x != s.slots["a"]])
    s.open()
    s.start("{h} and {f} went on a picnic. They [packed|took] {a} and {b} in a [big|little] basket and {went} to {p.the}.", went="went")
    if s.chance(.5):
        c = s.creature("c", ["squirrel", "mouse", "bird", "crow", "raccoon", "puppy", "goat", "duck", "ant"])
        s.say("They put the basket [under a tree|on the grass] and [played {game}|ran to look at the flowers]. When they came back, the {a} were gone!", game=s.pick(w.GAMES))
        s.say("\"[Who took our {a}|Where are the {a}]?\" asked {h}. Then they saw {c} {x}, with [crumbs on {c.his} nose|a full mouth].", x=s.hiding("x"))
        s.paragraph()
        s.say("{c} [looked down|was ashamed]. \"[I am sorry. I was so hungry|I have not eaten all day],\" {c.he} said. {h} [was angry at first|looked at {f.n}], but then {h.he} said, \"[You should have asked|If you ask, we will share]. [Come and sit with us|There is enough for all].\"")
        s.say("So all three of them ate {b} together. [{c} showed them a tree full of ripe fruit.|{c} knew many jokes, and they laughed a lot.]")
        s.paragraph()
        s.end("\"Next time, I will ask first,\" said {c}.", "They learned that [there is always enough when you share|it is better to ask than to take].", "After that, they always packed food for three.")
    else:
        s.say("[But then|They had just sat down when] dark clouds came, and it began to rain. \"[Our picnic is spoiled|Oh no, the food will get wet]!\" [said|cried] {f.n}.")
        s.say("\"[Quick, this way|I have an idea]!\" said {h}. They [grabbed the basket and ran|ran with the basket] to [a little cave|an old barn|a big tree with thick leaves].")
        s.paragraph()
        s.say("There they met {c}, who was hiding from the rain too. {h} gave {c.o} some {a}. They ate and [told stories|sang songs|listened to the rain]. [It was cozy and dry.|They forgot about the rain.]", c=s.creature("c"))
        s.say("When the rain stopped, there was a rainbow over {p.the}. \"[This was the best picnic ever|The rain made it even better],\" said {f}.")
        s.paragraph()
        s.end("They learned that you can have fun in any weather.", "From then on, they did not mind a little rain.")
