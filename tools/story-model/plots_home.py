"""Plots at home: fears, promises, mistakes, learning, cooking, birthdays, sleep."""
import words as w
from grammar import Who
from plot import plot

PARENTS = ["mom", "dad", "grandma", "grandpa", "mother", "father"]


@plot("people town wild farm")
def dark(s):
    h, m = s.h, s.parent("m", PARENTS)
    s.open()
    s.say("{h} [was afraid of the dark|did not like the dark|could not sleep in the dark].")
    noise, cause, after = s.pick([
        ("a scratching sound at the window", "a branch that moved in the wind", "The branch was waving good night"),
        ("a big shadow on the wall", "only a coat on a chair" if s.world == "people" else "only a leaf in the moonlight", "It was not a monster at all"),
        ("a soft tap, tap, tap", "the rain on the roof" if s.world == "people" else "the rain on the leaves", "The rain was singing a song"),
        ("two bright eyes", "a little owl in the tree" if h.kind != "owl" else "two little fireflies", "It only wanted to say hello"),
        ("a long, low howl", "the wind in the trees", "The wind was only playing"),
        ("something that went creak, creak", "the old door" if s.world == "people" else "an old tree in the wind", "It was just getting old")])
    s.say("One night, {h} [heard|saw] {noise}. \"[What is that|Is it a monster]?\" {h.he} [whispered|thought]. {h} [hid under the blanket|pulled the blanket over {h.his} head|was shaking].".replace("[heard|saw]", "heard" if "sound" in noise or "tap" in noise or "howl" in noise or "creak" in noise else "saw").replace("the blanket", "the blanket" if s.world == "people" else "some leaves"), noise=noise, cause=cause, after=after)
    s.say("{h} called {m.n}. {m} came and [sat down next to {h.n}|held {h.n} close]. \"[What is wrong|Why are you awake]?\" {m.he} asked. \"[There is something there|I am scared],\" said {h}.")
    s.paragraph()
    s.say("\"Let us look together,\" said {m}. {m} [took a light|held {h.ns} hand]. They went [closer|nearer, step by step,] and looked. It was {cause}!".replace("[took a light|held {h.ns} hand]", "took a light" if h.animal else "[took a light|held {h.ns} hand]"))
    s.say("{h} laughed. \"[I was afraid of that?|It is not scary at all!]\" {h.he} said. \"{after},\" said {m}.")
    s.maybe(.6, "[Then {m} showed {h.n} the stars. \"The dark is when the stars can shine,\" {m.he} said.|{m} sang a soft song.|{m} left a little light on.]")
    s.paragraph()
    s.say("{h} [closed {h.his} eyes|lay down again] and [soon fell asleep|slept until morning].")
    s.end("After that, {h} was not so afraid of the dark.", "{h} learned that scary things are often not scary when you look at them.", "The next night, when {h.he} heard a noise, {h.he} just smiled.")


@plot("people town farm wild")
def promise(s):
    h, m = s.h, s.parent("m", PARENTS)
    job, did, done = s.pick([("water the flowers", "watered the flowers", "The flowers lifted their heads"),
                       ("feed the cat" if s.world == "people" else "feed the baby birds", "gave {x} some food".replace("{x}", "the cat" if s.world == "people" else "the baby birds"), "They were very hungry" if s.world != "people" else "The cat was very hungry"),
                       ("be home before dark", "went home as fast as {h.he} could", "The last light was just leaving the sky"),
                       ("watch {h.his} little brother", "went back to {h.his} little brother", "The little brother was happy to see {h.him}"),
                       ("bring soup to {h.his} sick grandma", "took the soup to {h.his} grandma", "Grandma was so glad")])
    tempt = s.pick(["to play {game}", "to look at a funny frog", "to see a big rainbow", "to the fair", "to watch a puppet show"] if s.world == "people" else
                   ["to play {game}", "to look at a funny frog", "to see a big rainbow", "to swim in the lake", "to climb the highest rock"])
    s.word("game", w.GAMES)
    f = s.friend("f")
    s.open()
    s.start("{m} said to {h.n}, \"Please JOB today. Do you promise?\" \"I promise,\" said {h}.".replace("JOB", job.replace("{h.his}", "your")))
    s.say("But on the way, {h} met {f}. \"Come with me " + tempt + "!\" said {f}. \"[It will be fun|We will have a great time].\" {h} wanted to go very much.")
    if s.chance(.5):
        s.say("{h} [thought of {h.his} promise|stopped and thought]. \"[I cannot come now|No, thank you]. I made a promise,\" {h.he} said. So {h} " + did + ". " + done + ".")
        s.paragraph()
        s.say("[Then {h} ran to find {f.n}.|Later {f.n} came back.] \"[Did you do it|Are you done]?\" asked {f}. \"Yes!\" said {h}. \"Now we can play.\" And they played until evening.")
        s.say("{m} was [proud|very proud]. \"[You kept your promise|I can trust you],\" {m.he} said.")
    else:
        s.say("{h} forgot {h.his} promise and went along. They had fun for a long time. Then {h} saw that the sun was low. \"Oh no, my promise!\" {h.he} cried.")
        s.paragraph()
        s.say("{h} ran all the way. {h} " + did + ". " + done + ". Then {h.he} told {m.n}, \"I am sorry. I almost forgot.\"")
        s.say("\"[Thank you for telling me the truth|You did it in the end],\" said {m}. \"[A promise is important|Next time, think of it first].\" \"I will,\" said {h}.")
    s.paragraph()
    s.end("{h} learned that a promise must be kept.", "It felt good to keep a promise.", "First the promise, then the fun, thought {h}.")


@plot("people town")
def truth(s):
    h, m = s.h, s.parent("m", PARENTS)
    o = s.thing("o", ["vase", "cup", "plate", "lamp", "bowl", "window", "flower pot", "mirror", "jar"], look=s.pick(w.COLORS[:6] + ["pretty", "big", "old", "beautiful"]))
    s.open()
    s.start("{h} was [playing ball in the house|running in the kitchen|dancing in the living room]. [Crash! {o.full} fell down and broke.|{h} bumped into the table. {o.full} fell and broke.|Suddenly there was a loud crash. {h} had broken {o.full}.]" if o.core != "window" else
            "{h} was playing ball near the house. {h} threw the ball too hard. Crash! {o.full} broke.")
    s.say("\"[Oh no|What have I done]!\" {h} [said|whispered]. {h} [hid the pieces|ran to {h.his} room|was afraid]. [\"If I say nothing, nobody will know,\" {h.he} thought.|What would {m.n} say?]".replace("hid the pieces", "hid" if o.core == "window" else "hid the pieces"))
    s.say("When {m.n} came home, {m.he} asked, \"[Who broke|What happened to] the {o.core}?\" \"[I do not know|It was the cat|It was the wind],\" said {h}.")
    s.paragraph()
    s.say("But {h} [could not eat {h.his} dinner|could not sleep|had a bad feeling in {h.his} tummy]. [The lie felt like a stone.|It grew and grew.|{h} thought about it all the time.]")
    s.say("At last, {h} went to {m.n}. \"[I have to tell you something|I did not tell the truth]. I broke the {o.core}. [I am so sorry|I was afraid],\" {h.he} said, and {h.he} began to cry.")
    s.say("{m} [hugged {h.n}|took {h.n} in {m.his} arms]. \"[It takes courage to tell the truth|I am glad you told me]. A {o.core} can be [bought again|replaced], but [I want to be able to trust you|the truth is more important].\"")
    s.paragraph()
    s.say("They [cleaned up|picked up the pieces] together. [{h} helped to pay for a new one with {h.his} own coins.|{h} promised not to play ball in the house again.|Then they had some warm milk.]")
    s.end("{h} felt as light as a feather.", "{h} learned that telling the truth is hard, but it makes you feel better.", "After that, {h} always told the truth.")


@plot("people town wild farm sea ice")
def birthday(s):
    h = s.h
    f = s.friend("f")
    c = s.creature("c")
    s.place()
    if s.because("it was {h.his} birthday and nobody had said a word about it", .12):
        s.say("{h} had been so excited in the morning.")
    else:
        s.open()
        s.say("[It was {h.ns} birthday|{h} woke up early, because it was {h.his} birthday]. {h} was [very excited|so happy]. [\"Today will be the best day,\" {h.he} thought.|]")
    s.say("{h} went to see {f.n}. But {f.n} [was busy|said that {f.he} had no time|only said hello and hurried away]. Then {h} went to see {c}. But {c.n} [was not at home|was busy too|only waved].")
    s.say("\"[Everyone forgot my birthday|Nobody remembers],\" {h} thought. {h} [walked|went] [home|away] [slowly|with {h.his} head down].")
    s.paragraph()
    s.say("In the evening, {h} [saw a light|heard a whisper] {p.at}. {h} went to look, and then ... \"Surprise!\" Everyone [jumped out|was there]!" if s.world != "people" else
          "When {h.he} opened the door, it was dark. Then the light went on. \"Surprise!\" Everyone [jumped out|was there]!")
    cake = "a big cake of seaweed" if s.world == "sea" else "a big " + s.pick(w.CAKES[:5]) if s.world in ("people", "town") else s.pick(["a big cake of berries", "a big honey cake", "a big carrot cake"])
    s.say("There [were lights and flowers|was music] and {cake}. \"[We did not forget|How could we forget your birthday]!\" said {f}.", cake=cake.replace("big big", "big"))
    gift = s.thing("o", w.TOYS) if s.world in ("people", "town") else s.thing("o", ["shell", "drum", "crown", "stone", "flute", "bell"])
    s.say("{f} gave {h.n} {o.a}. {c} [sang a song|gave {h.n} a hug|danced a funny dance]. {h} [laughed and laughed|was so happy that {h.he} cried].")
    s.maybe(.5, "{h} [closed {h.his} eyes and made a wish|shared the cake with everyone].")
    s.paragraph()
    s.end("It was the best birthday ever.", "{h} knew that {h.his} friends would never forget {h.him}.", "\"Thank you all,\" said {h}. \"You are the best present.\"")


SKILLS = [("ride a bike", "fell off", "rode all the way down the street", "Look ahead, not down", "people town"),
          ("swim", "got water in {h.his} nose", "swam across the pond", "Breathe slowly and kick your legs", "people town wild farm"),
          ("whistle", "only blew air", "whistled a whole song", "Make your lips small and round", "people town wild"),
          ("skate", "fell down on the ice", "skated all around the lake", "Take small steps first", "people ice"),
          ("climb the big tree", "slid down again", "climbed to the very top", "Use one branch at a time", "people wild town"),
          ("tie {h.his} shoes", "got a big knot", "tied both shoes", "Make two ears, like a rabbit", "people"),
          ("read", "could not read the long words", "read a whole book", "Say one letter after the other", "people town"),
          ("jump over the stream", "fell in with a splash", "jumped to the other side", "Run fast and do not look at the water", "people wild farm town"),
          ("play the flute", "made a terrible noise", "played a sweet song", "Blow as softly as the wind", "people town wild"),
          ("bake bread", "burned it", "made a round golden loaf", "Wait and watch", "people"),
          ("dance", "stepped on {h.his} own feet", "danced all through the night", "Listen to the music", "people wild farm ice town"),
          ("juggle", "dropped everything", "kept three balls in the air", "Start with one, then two", "people town"),
          ("catch a ball", "dropped it", "caught ten in a row", "Keep your eyes on the ball", "people town farm"),
          ("sing", "sang out of tune", "sang so well that everyone stopped to listen", "Sing from your heart", "wild farm sea ice town"),
          ("swim fast", "was always last", "was as fast as the wind", "Use your tail", "sea"),
          ("slide down the ice hill", "rolled over and over", "slid all the way down", "Lie on your tummy", "ice")]
FLYERS = set("owl bird robin crow sparrow parrot bee ladybug butterfly bat dragon fairy duck".split())


@plot("people town wild farm sea ice")
def learn(s):
    h = s.h
    options = [k for k in SKILLS if s.world in k[4].split() and not (k[0] == "swim" and h.kind in ("duck", "frog", "turtle", "otter", "beaver", "swan", "goose", "crab", "crocodile", "hippo"))]
    if h.kind in FLYERS:
        options = [("fly", "fell down into the grass", "flew high over the trees", "Spread your wings and trust the wind", "")]
    skill, fail, won, tip, _ = s.pick(options)
    fail = fail.replace("{h.his}", h.his)
    skill = skill.replace("{h.his}", h.his)
    m = s.parent("m", PARENTS) if s.chance(.5) else s.grown_up("m")
    if not s.because("{h.he} could not " + skill):
        s.open()
    s.say("{h} wanted to learn to {skill}. [All {h.his} friends could do it.|It looked so easy.|{h} dreamed about it every night.]", skill=skill, fail=fail, won=won, tip=tip)
    s.start("{h} tried for the first time, but {h.he} {fail}. {h} tried again, and {h.he} {fail} again." if s.chance(.6) else "{h} tried, but {h.he} {fail}. [\"I will try again,\" {h.he} said.|Everyone laughed.|It was harder than it looked.]")
    s.say("\"[I will never learn it|I cannot do it|It is too hard]!\" {h} [said|cried|sighed] [and sat down|and kicked a stone|].")
    s.paragraph()
    s.say("{m} [saw it and smiled|came and sat down next to {h.n}]. \"[When I was young, I could not do it either|Nobody learns it in one day],\" {m.he} said. \"[Try it like this|Let me tell you a secret]. {tip}.\"")
    s.say("{h} [practiced|tried it] every day. [On the first day it was still hard. On the second day it was a little better.|It was hard work, but {h.he} did not give up.|Some days were good and some days were bad.]")
    s.say("[And then, one morning|At last, after a week|Then, one fine day], {h} {won}! \"[I did it|I can do it|Look at me]!\" {h.he} [shouted|cried|called].")
    s.paragraph()
    s.maybe(.7, "{m} [clapped|was very proud]. \"[I knew you could do it|You did not give up],\" said {m}.")
    s.end("{h} learned that [if you keep trying, you can do it|you must not give up].", "After that, {h} taught [{h.his} friends|others] how to {skill} too.", "From that day on, {h} loved to {skill}.")


MISSING = [("sugar", "not sweet at all"), ("eggs", "flat"), ("flour", "too thin"), ("milk", "too dry"), ("butter", "dry"), ("honey", "not sweet")]


@plot("people")
def baking(s):
    h, m = s.h, s.parent("m", ["grandma", "mom", "dad", "grandpa", "mother", "aunt"])
    s.word("cake", w.CAKES)
    what, _ = s.pick(MISSING)
    s.open()
    s.start("{h} and {m} wanted to bake a {cake} [for {x}|]. [They put on their aprons and washed their hands.|{h} got a big bowl and a spoon.|]".replace("[for {x}|]", s.pick(["", "for " + s.pick(["the neighbors", "the school party", "a friend", "the whole family"])])).replace(" .", "."))
    if s.chance(.55):
        s.say("But when they looked on the shelf, there [was|were] no {what}. \"We cannot bake without {what},\" said {m}.".replace("[was|were]", "were" if what == "eggs" else "was"), what=what)
        s.say("\"[I will ask our neighbor|I can get some],\" said {h}. {h} ran to {g.n}. \"[Do you have some|Can we have some] {what}, please?\" \"Of course,\" said {g}. \"[Take as much as you need|Here you are].\"", g=s.grown_up())
        s.paragraph()
        s.say("Now they could begin. {h} [stirred|mixed] and {m.n} [poured|helped]. They put the {cake} in the oven and waited. [Soon the whole house smelled sweet.|It smelled so good!]")
        s.say("When the {cake} was ready, {h} [cut|took] the first piece and [brought|carried] it to {g.n}. \"This is for you. [Thank you for the {what}|Without you there would be no {cake}],\" {h} said. {g} [was very happy|smiled all over {g.his} face].")
        s.paragraph()
        s.end("It tasted twice as good because they had shared it.", "{h} learned that good neighbors help each other.", "They ate the rest together, and not a crumb was left.")
    else:
        s.say("{h} [stirred and stirred|put everything in the bowl]. But {h.he} [was in a hurry|did not look carefully] and took the salt instead of the sugar!")
        s.say("When the {cake} was ready, {h} took a [big |]bite. \"[Yuck! It is salty|Oh no, it tastes terrible]!\" {h.he} cried. {h} was [sad|ashamed]. \"I spoiled it.\"")
        s.paragraph()
        s.say("{m} [tasted it too and made a funny face|laughed]. \"[Everyone makes mistakes|I once did the same thing],\" {m.he} said. \"[We will bake a new one|Let us try again]. This time we will [taste it first|read what is on the jar].\"")
        s.say("So they started again. {h} [looked carefully at the jars|tasted a little bit first]. \"This is sugar,\" {h.he} said. [They put it in the oven and waited.|] The new {cake} was [sweet and soft|perfect|wonderful].")
        s.paragraph()
        s.end("{h} learned that [mistakes help us learn|it is good to be careful].", "The birds would not eat the salty one, but everybody loved the sweet one.", "And {h} never mixed up salt and sugar again.")


@plot("people")
def pet_wish(s):
    h, m = s.h, s.parent("m", ["mom", "dad", "mother", "father"])
    pet = s.animal(s.pick(["puppy", "kitten", "rabbit", "dog", "cat", "bird", "duck", "mouse", "turtle"]), s.pick(["small", "thin", "wet", "little", "brown", "white", "black", "gray"]), False)
    pet.name = pet.n = "the " + pet.kind
    pet.ns = pet.n + "'s"
    s.slots["c"] = pet
    s.word("name", w.PET_NAMES)
    s.open()
    s.say("{h} [wanted a pet very much|wished for a pet]. But {m.n} said, \"[A pet is a lot of work|You must show me that you can take care of one].\"")
    s.start("{h} [found|saw] {c} [near the house|in the rain|under a bench|on the way home]. {c} was [all alone|hungry and cold|lost].")
    s.say("{h} [picked {c.him} up|gave {c.n} some water|sat down next to {c.n}] and [carried {c.him} home|brought {c.him} home]. \"[Can we keep {c.him}|Please, may I keep {c.him}]?\" {h} asked.")
    s.say("\"[First we must find out if somebody is looking for {c.him}|Maybe {c.he} belongs to someone],\" said {m}. They [put up a paper with a picture|asked all the neighbors], but [nobody came|{c.he} did not belong to anyone].")
    s.paragraph()
    s.say("Every day, {h} [fed {c.n} and brushed {c.him}|gave {c.n} food and water]. {h} [got up early|did not forget even once|cleaned up the mess]. {m} [watched and smiled|saw it all].")
    s.say("After [two weeks|a week], {m.n} said, \"[You take good care of {c.him}|I see that you can do it]. You may keep {c.him}.\" {h} [jumped for joy|gave {m.n} a big hug|danced around the kitchen].")
    s.say("{h} called {c.n} {name}. [That night, {name} slept next to {h.ns} bed.|{name} [loved|liked] {h.n} very much.]")
    s.paragraph()
    s.end("{h} and {name} were always together after that.", "{h} learned that love also means work.", "Now {h} had the best friend in the world.")


@plot("people town wild farm")
def new_baby(s):
    h = s.h
    girl = s.chance(.5)
    b = s.slots["b"] = Who("the baby", "she" if girl else "he", kind="sister" if girl else "brother")
    m = s.parent("m", ["mom", "mother", "dad", "father"])
    if not s.because("nobody had time for {h.him}", .12):
        s.open()
    s.say("{h} had a new baby {b.kind}. [Everyone looked at the baby all day.|The baby cried a lot.|{m} was always busy with the baby.] \"[Nobody has time for me|Nobody plays with me anymore],\" {h} thought.")
    s.say("{h} [felt lonely|was jealous|was a little angry]. {h} [went to {h.his} room|sat in a corner|hid under the table] and did not want to come out.")
    s.paragraph()
    s.start("the baby cried and cried. {m} [sang|walked up and down], but the baby did not stop. {h} came [closer|to look]. {h} [made a funny face|sang a little song|gave the baby {h.his} old teddy bear|tickled the baby's foot].")
    s.say("The baby [stopped crying|looked at {h.n}] and then [laughed|smiled]! It was the [first|sweetest] smile. \"[Look, the baby likes you|You are the only one who can do that],\" said {m}.")
    s.say("{h} [felt warm inside|was so proud]. The baby held {h.his} finger [tight|and did not let go].".replace("held {h.his} finger", "held {h.ns} " + ("finger" if not h.animal else "ear")))
    s.paragraph()
    s.say("{m} [took {h.n} in {m.his} arms|hugged {h.n}]. \"[There is enough love for both of you|You will always be my first],\" {m.he} said.")
    s.end("From then on, {h} helped with the baby every day.", "{h} was happy to be a big {hk}.".replace("{hk}", "sister" if h.pronoun == "she" else "brother"), "{h} was not jealous anymore.")


@plot("people town wild farm sea ice")
def cannot_sleep(s):
    h, m = s.h, s.parent("m", PARENTS)
    s.open()
    s.say("[It was late|The moon was high|It was time for bed], but {h} could not sleep. {h} [turned this way and that way|looked at the ceiling|closed {h.his} eyes, but they opened again].".replace("looked at the ceiling|", "looked at the ceiling|" if s.world == "people" else ""))
    s.say("\"[I cannot sleep|I am not tired],\" {h} told {m.n}. \"[Count some sheep|Think of something nice|Listen to the night],\" said {m}. {h} tried it, but {x}.",
          x=s.pick(["it made {h.him} laugh".replace("{h.him}", h.him), "it did not help", "it only made {h.him} hungry".replace("{h.him}", h.him)]))
    s.paragraph()
    c1 = s.creature("c")
    s.slots["place"] = "out of the window" if s.world == "people" else "out into the night"
    s.say("Then {h} looked {place} and saw {c}. \"[Why are you still awake|Can you not sleep]?\" asked {h}. \"[I am saying good night to everyone|I am looking for a quiet place],\" said {c}. \"[Do it with me|Come, say it with me].\"")
    s.say("So they said, \"Good night, moon. Good night, {a}. Good night, {b}.\" [Their voices grew softer and softer.|With every word, {h} felt more sleepy.]",
          a=s.pick(["trees", "stars", "wind", "hills"]) if s.world != "sea" else "waves", b=s.pick(["birds", "flowers", "little mouse", "clouds"]) if s.world != "sea" else "little fish")
    s.say("\"Good night, {c.voc},\" {h} whispered. \"Good night, {h.voc},\" said {c}.")
    s.paragraph()
    s.say("When {m.n} came to look, {h.n} was [fast asleep|sleeping with a smile].")
    s.end("After that, {h} said good night to everything, and sleep came quickly.", "The moon looked down and smiled.", "And in {h.his} dream, {h.he} flew over the hills with {c.n}." if s.world != "sea" else "And {h} dreamed of the stars.")


@plot("people town wild farm")
def too_much(s):
    h, m = s.h, s.parent("m", PARENTS)
    s.word("food", w.FOODS)
    s.place()
    s.open()
    s.say("{h} loved {food} more than anything. [{h} could eat them all day.|]")
    s.start("{h} found a [whole basket|big bowl|tree] full of {food} {p.at}." if s.world != "people" else "{m.n} [put|left] a big bowl of {food} on the table. \"[They are for everyone|Please take only two],\" {m.he} said. Then {m.he} went out.")
    if s.world != "people":
        s.say("\"[Leave some for the others|Do not eat too many],\" said {m}.")
    s.say("{h} ate one. [It was so good!|Yum!] {h} ate [another and another|two more, and then five more]. [Soon they were all gone.|{h} did not stop until the last one was gone.]")
    s.paragraph()
    s.say("Then {h.ns} tummy began to hurt. \"[Ow, ow|Oh, my tummy]!\" {h.he} cried. {h} [lay down and could not move|was as round as a ball].")
    s.say("{m} came and saw [what had happened|the empty place]. \"Did you eat all the {food}?\" {m.he} asked. \"Yes. I am sorry,\" said {h}. \"[I could not stop|I was greedy].\"")
    s.say("{m} made {h.n} some tea and [sat with {h.n}|rubbed {h.ns} tummy].")
    s.paragraph()
    s.say("The next day, {h} felt better. {h} [found some|helped to get] new {food} and gave them to everyone. [{h} took only two.|]")
    s.end("{h} learned that too much of a good thing is not good.", "After that, {h} always left some for the others.")


@plot("people wild farm town sea ice")
def show_talent(s):
    """Shy to perform."""
    h, f = s.h, s.friend("f")
    art, verb, prep = s.pick([("sing", "sang", "song"), ("dance", "danced", "dance"), ("tell stories", "told a story", "story")] + ([("play the drum", "played", "tune"), ("play the flute", "played", "tune")] if s.world != "sea" else []))
    s.open()
    s.say("{h} loved to {art}, but only when nobody was looking. [{h} was very shy.|\"What if they laugh at me?\" {h.he} thought.]", art=art, verb=verb, prep=prep)
    s.start("{f} said, \"There will be a big [party|show|feast]. [Everyone will do something|We need someone who can {art}]. Will you do it?\" \"[Oh no, not me|I cannot|I am too afraid],\" said {h}.")
    s.say("\"But you are so good,\" said {f}. \"[I heard you by the river|I listened to you once|I know it]. [Just look at me when you do it|I will stand next to you].\"".replace("I heard you by the river|", "" if s.world == "sea" or art == "dance" else "I heard you by the river|").replace("I listened to you once", "I saw you once"))
    s.paragraph()
    s.say("On the day of the party, {h.ns} knees were shaking. Everyone was looking. {h} opened {h.his} mouth, but nothing happened." if s.world != "sea" and art in ("sing", "tell stories") else "On the day of the party, everyone was looking. {h} was so afraid that {h.he} could not move.")
    s.say("Then {h} saw {f.n}, who [smiled|nodded] at {h.n}. {h} took a deep breath and {verb}. [At first it was very quiet. Then it got better and better.|Soon {h.he} forgot that anyone was there.]" if verb != "told a story" else
          "Then {h} saw {f.n}, who smiled. {h} took a deep breath and told a story about [a brave mouse|the moon and the sea|a king who could not laugh].")
    s.say("When it was over, [it was silent for a moment. Then everyone clapped and cheered|everyone clapped and cheered]. \"[More, more|What a lovely {prep}]!\" they called.")
    s.paragraph()
    s.end("{h} learned that [being brave means doing it even when you are afraid|a good friend can make you brave].", "After that, {h} was not so shy anymore.", "\"Thank you for believing in me,\" {h} said to {f.n}.")


@plot("people town")
def tooth(s):
    h, m = s.h, s.parent("m", PARENTS)
    s.word("food", ["apple", "carrot", "cookie", "pear", "sandwich", "piece of bread"])
    s.open()
    s.say("{h} had a [loose|wobbly] tooth. [It moved when {h.he} touched it.|It went this way and that way.|All {h.his} friends had lost one already.] \"[Will it hurt|When will it come out]?\" {h} asked {m.n}.")
    s.say("\"[Just wait|It will come out when it is ready],\" said {m}. {h} [pushed it with {h.his} tongue|looked in the mirror every hour|wiggled it all day], but it [did not come out|stayed where it was].")
    s.paragraph()
    s.start("{h} took a bite of a {food}. Crunch! [Something felt strange.|There was something hard in {h.his} mouth.] It was the tooth!")
    if s.chance(.5):
        s.say("\"[My tooth is out|Look, look]!\" {h} shouted. But [then it fell on the floor and rolled away|when {h.he} jumped for joy, the tooth fell into the grass]. {h} and {m.n} looked everywhere. At last {h} found it {x}.", x=s.pick(["under the table", "behind a chair", "next to the door"]))
    else:
        s.say("\"[It did not hurt at all|My tooth is out]!\" {h} shouted. {m} [laughed|clapped]. \"Now you are really big,\" {m.he} said.")
    s.say("That night, {h} put the tooth under {h.his} pillow. [In the morning there was a shiny coin.|When {h.he} woke up, there was a coin and a tiny letter. \"Thank you for the tooth,\" it said.]")
    s.paragraph()
    s.end("{h} showed everyone the gap in {h.his} smile.", "{h} learned that some things take time.", "{h} bought a little present for {m.n} with the coin.")


@plot("people wild town farm sea ice")
def boast(s):
    h, f = s.h, s.friend("f")
    s.place()
    s.open()
    what = s.pick(["jump higher than anyone", "run faster than anyone", "climb higher than anyone"]) if s.world not in ("sea", "ice") else "swim faster than anyone"
    s.say("{h} always said, \"[I am the best|Look at me]! I can {what}.\" [The others were tired of hearing it.|\"You should not boast,\" said {f}.]", what=what)
    verb = what.split()[0]
    test = {"jump": ("jump over the stream", "fell right into the water"), "run": ("run to the old tree and back", "ran so fast that {h.he} did not see a stone and fell"),
            "climb": ("climb the tallest tree", "climbed so high that {h.he} could not come down"), "swim": ("swim around the big rock", "went the wrong way and got lost")}[verb]
    s.start("{f} said, \"Show us. Can you {test}?\" \"That is easy!\" said {h}. {h} did not [even look|think]. {h} " + test[1] + ".", test=test[0])
    s.say("\"Help!\" {h} cried. The others [did not laugh|came at once]. {f} [held out a branch and pulled {h.him} out|came to {h.him} and helped {h.him} up|climbed up and showed {h.him} the way down|found {h.him} and led {h.him} back].".replace(
        "[held out a branch and pulled {h.him} out|came to {h.him} and helped {h.him} up|climbed up and showed {h.him} the way down|found {h.him} and led {h.him} back]",
        {"jump": "held out a branch and pulled {h.n} out", "run": "ran to {h.n} and helped {h.him} up", "climb": "climbed up and showed {h.n} the way down", "swim": "found {h.n} and led {h.him} back"}[verb]))
    s.paragraph()
    s.say("{h} [was ashamed|looked at the ground]. \"[Thank you|You helped me]. I am not the best at everything,\" {h.he} said. \"[I am sorry that I boasted|I should not have boasted].\"")
    s.say("\"[Nobody is the best at everything|Each of us is good at something],\" said {f}. \"[Let us play|Come, let us go to {p.the}].\"")
    s.paragraph()
    s.end("After that, {h} did not boast anymore, and everyone liked {h.him} better.", "{h} learned that it is better to be a good friend than to be the best.")


@plot("people wild")
def caterpillar(s):
    h = s.h
    s.place()
    col = s.word("col", w.COLORS[:7])
    b = s.slots["b"] = Who("the caterpillar", s.pick(["he", "she"]), kind="caterpillar")
    b.intro = "a little green caterpillar"
    s.open()
    s.start("{h} found {b} on a leaf. \"[Hello|How small you are], [little one|caterpillar]!\" said {h}. {h} [came back every day to bring fresh leaves|visited the caterpillar every day].")
    s.say("One morning, the caterpillar was gone. There was only a small brown thing that hung from a branch. \"[Where did {b.he} go|Where is my friend]?\" {h} [cried|asked].")
    s.say("\"Your friend is sleeping in there,\" said {m}. \"[You must wait|Do not touch it]. [Something wonderful will happen|Good things take time].\"", m=s.parent() if s.world == "people" else s.grown_up("m"))
    s.paragraph()
    s.say("{h} waited. One day went by, and another, and another. [It rained, and it was windy.|] {h} wanted to open it [so much|just a little], but {h.he} [did not|did not].")
    s.say("Then, one sunny morning, it [moved|began to shake]. [Slowly|Little by little], something came out. It had two big {col} wings. It was a butterfly!")
    s.say("The butterfly [sat on {h.ns} nose|flew around {h.ns} head three times] and then [flew up into the sky|flew away to the flowers]. \"Goodbye, my friend!\" called {h}.")
    s.paragraph()
    s.end("{h} learned that good things come to those who wait.", "And sometimes, when {h} was {p.at}, a {col} butterfly came to say hello.")
