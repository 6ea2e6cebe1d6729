"""Plots under the sky: weather, seasons, journeys, gardens, buildings, animals."""
import words as w
from plot import plot

PARENTS = ["mom", "dad", "grandma", "grandpa", "mother", "father"]


@plot("people wild farm town")
def storm(s):
    h = s.h
    c = s.creature("c", ["rabbit", "mouse", "bird", "kitten", "lamb", "squirrel", "chick", "duck", "puppy", "hedgehog"])
    s.place()
    s.open()
    s.start("{h} was playing {p.at} when the sky [turned dark|grew black]. [The wind began to blow.|Big drops began to fall.|Boom! went the thunder.] A storm was coming!")
    s.say("{h} [ran home|hurried home] as fast as {h.he} could. [{h.ns} home was warm and dry.|Inside it was warm.] [{h} closed the door.|\"I am safe now,\" {h} thought.] But then {h.he} heard a [soft knock|small cry|weak voice] outside.")
    s.say("{h} [opened the door|looked out]. There was {c}, [wet from head to foot|shaking in the rain]. \"Please let me in,\" said {c}. \"[The wind broke my home|The water came into my home|I am afraid of the thunder].\"")
    s.paragraph()
    s.say("\"[Come in, come in|Of course you can come in|Quick, come inside]!\" said {h}. {h} gave {c.n} [a dry blanket|a warm place to sit|something warm to drink] and [some {food}|a bowl of soup].", food=s.pick(w.FOODS))
    s.say("[Boom! went the thunder.|Outside, the storm howled.|Lightning flashed.] {c} [jumped|hid {c.his} face]. \"[Do not be afraid|It is only noise],\" said {h}. They [sang songs|told stories] until the storm was over.")
    s.paragraph()
    s.say("[In the morning|When they looked outside], the sun was shining and there was a rainbow. {h} helped {c.n} to [build a new home|clean up|find dry leaves and sticks].")
    s.end("\"You are a true friend,\" said {c}.", "{h} learned that a warm home is even better when you share it.", "From that day on, {h} and {c} were good friends.")


@plot("people wild farm town sea")
def lost_in_woods(s):
    h = s.h
    what = s.pick(["a blue butterfly", "a white rabbit", "a shiny bug", "a yellow bird", "a red balloon", "a golden leaf in the wind"]) if s.world != "sea" else s.pick(["a shiny bubble", "a silver seahorse", "a golden light"])
    thing = "the " + what.split(" ", 1)[1].replace(" in the wind", "")
    s.open()
    m = s.parent("m", PARENTS)
    s.maybe(.6, "\"Do not go too far away,\" {m} always said.")
    s.start("{h} saw {what}. \"[How pretty|I want to see where it goes]!\" {h} said. {h} [ran after it|followed it], over [the hill|the stream] and [into the woods|between the tall trees].".replace("[ran after it|followed it], over [the hill|the stream] and [into the woods|between the tall trees]", "followed it, over the rocks and through the sea grass" if s.world == "sea" else "[ran after it|followed it], over [the hill|the stream] and [into the woods|between the tall trees]"), what=what, thing=thing)
    s.say("[Then|Suddenly] {thing} was gone. {h} looked around. [Everything looked the same.|{h} did not know this place.|It was dark and quiet.] \"[I am lost!|Where am I?]\" {h.he} [said|whispered].")
    s.feel_bad()
    s.paragraph()
    g = s.grown_up() if s.world in ("wild", "sea") or s.chance(.3) else s.creature("g", ["owl", "squirrel", "rabbit", "bird", "hedgehog", "mole", "frog"])
    s.say("\"[Who is crying|What is wrong|Who are you]?\" asked a voice. It was {g}. \"[I am lost|I cannot find my way home],\" said {h}. \"[Please help me|I want my {mk}].\"", mk=m.kind if m.kind in ("mom", "dad", "mother", "father", "grandma", "grandpa") else "mom")
    path = s.pick(["Follow the stream until you see the bridge", "Look for the tree with the white flowers and turn left", "Listen for the bells and walk to the sound", "Follow the little white stones"]) if s.world != "sea" else "Follow the warm water until you see the big red coral"
    s.say("\"[I can help you|Do not worry],\" said {g}. \"{path}. Then you will be home soon.\"", path=path)
    seen = {"F": "the bridge", "L": "the tree with the white flowers"}.get(path[0], "")
    s.say("{h} [thanked {g.n} and did just that|did what {g.n} said]. " + {"Follow the stream until you see the bridge": "Soon {h} saw the bridge, and behind it was {h.his} home!",
          "Look for the tree with the white flowers and turn left": "There was the tree with the white flowers! {h} turned left and saw {h.his} home.",
          "Listen for the bells and walk to the sound": "Ding, dong! {h} heard the bells, and soon {h.he} was home.",
          "Follow the little white stones": "One white stone after the other showed the way, and soon {h.he} was home.",
          "Follow the warm water until you see the big red coral": "Soon {h} saw the big red coral, and behind it was {h.his} home!"}[path])
    s.paragraph()
    s.say("{m} [was waiting at the door|ran to meet {h.n}] and hugged {h.n}. \"[I was so worried|I looked for you everywhere]!\" {m.he} said. \"[I am sorry|I will not go so far again],\" said {h}.".replace("[was waiting at the door|ran to meet {h.n}]", "was waiting" if s.world == "sea" else "[was waiting at the door|ran to meet {h.n}]"))
    s.end("From that day on, {h} always stayed close to home.", "{h} learned to listen to {m.n}.", "{h} never forgot the kind {gk}.".replace("{gk}", g.kind))


@plot("people farm wild town")
def garden(s):
    h = s.h
    s.word("crop", w.CROPS + w.FLOWERS)
    size = s.pick(["big", "huge", "beautiful", "wonderful"])
    f = s.friend("f")
    s.open()
    s.start("{g} gave {h.n} a [small|tiny] seed. \"[Plant it and take care of it|Put it in the ground and wait],\" said {g}. \"[One day you will see|Something good will come].\"", g=s.grown_up())
    s.say("{h} [dug a little hole|found a sunny place], put the seed in, and [covered it with earth|gave it some water]. Every [day|morning] {h} watered it. But nothing [happened|grew].")
    s.say("\"[It will never grow|It is dead|It is only a stone],\" said {f.n}. {h} was [sad|not sure]. But {h.he} did not give up. \"[I will wait a little longer|Maybe it is still sleeping],\" {h.he} said.")
    s.paragraph()
    s.say("[It rained for two days. Then the sun came out|The days grew warm|One week went by, and then another]. One morning, there was [a little green leaf|something small and green] in the ground! \"[It is growing|Look, look]!\" {h} [cried|shouted].")
    s.say("It grew and grew. [First it was as high as {h.ns} knee. Then it was taller than {h.he} was|Every day it was a little taller]. {h} [pulled out the weeds|gave it water|sang to it]. At last, there was a {size} {crop}!", size=size)
    s.say("{f} [could not believe {f.his} eyes|came to look]. \"[You were right to wait|I was wrong],\" {f.he} said.")
    s.paragraph()
    if s.slots["crop"] in w.FLOWERS:
        s.say("{h} [gave the seeds of the {crop} to everyone|showed the {crop} to {g.n}]. [Soon there were flowers everywhere.|{g} was very proud.]")
    else:
        s.say("{h} [made soup from it|cut it into pieces] and [shared it with everyone|gave {f.n} the first piece|took some to {g.n}].".replace("made soup from it|", "made soup from it|" if s.slots["crop"] in ("tomato", "pumpkin", "carrot", "bean", "pea", "cabbage", "potato") else ""))
    s.end("{h} learned that good things take time.", "{h} kept one seed for the next year.", "Everyone said that it was the best {crop} they had ever seen.")


@plot("people wild farm town ice")
def build(s):
    h, f = s.h, s.friend("f")
    thing, stuff, fall, better = s.pick([
        ("a tree house", "boards and nails", "the floor broke", "used thick ropes and strong boards"),
        ("a little bridge", "sticks", "the water carried it away", "put big stones on both sides"),
        ("a sand castle", "sand and shells", "a wave washed it away", "built it farther from the water"),
        ("a boat", "wood and an old sheet", "it began to sink", "closed every hole with wax"),
        ("a hut", "branches and leaves", "the wind blew it down", "tied the branches together with string"),
        ("a tower", "blocks", "it fell over with a crash", "made the bottom wider"),
        ("a house for birds", "old boards", "it fell from the tree", "tied it to a strong branch")])
    if s.world == "wild":
        thing, stuff, fall, better = s.pick([("a little bridge", "sticks", "the water carried it away", "put big stones on both sides"),
            ("a hut", "branches and leaves", "the wind blew it down", "tied the branches together with grass"), ("a raft", "logs", "it fell apart in the water", "tied the logs together twice")])
    if s.world == "ice":
        thing, stuff, fall, better = s.pick([("a snow house", "snow", "the roof fell in", "made the walls thick and round"), ("a tower of ice", "ice", "it fell over with a crash", "made the bottom wider")])
    s.slots["the"] = "the " + thing.split(" ", 1)[1]
    s.open()
    s.start("{h} and {f} wanted to build {thing}. They [looked for|collected] {stuff} and [worked all morning|began to work]. [\"This will be great,\" said {h.n}.|\"Hurry up,\" said {h.n}. \"I want to be done today.\"|]", thing=thing, stuff=stuff, fall=fall, better=better)
    s.say("When it was done, they [stood back and looked at it|were very proud]. But then {fall}!".replace("{fall}", fall))
    s.say("\"[All our work is gone|It is no good],\" said {f}. [{f} wanted to go home.|They sat down and said nothing for a while.]")
    s.paragraph()
    s.say("But {h} [looked at the pieces|thought about it]. \"[I know what we did wrong|Let us try again, but better|We were too fast],\" {h.he} said. This time they [took their time|worked slowly] and {better}.")
    s.say("{c} [came by and helped|brought them more things to build with]. It took [all day|two days]. At last, {the} was [finished|ready], and it was strong!", c=s.creature("c"))
    s.say("They [pushed it and shook it|waited for the wind to blow], but it did not [fall|move]. \"[Hooray|We did it]!\" they shouted." if thing not in ("a boat", "a raft", "a little bridge") else
          "They tried it very carefully, and it held! \"[Hooray|We did it]!\" they shouted.")
    s.paragraph()
    s.end("They learned that [it is all right to fail if you try again|good work needs time].", "{h} and {f.n} were proud of {the} every day.", "\"Together we can build anything,\" said {f}.")


@plot("people wild farm")
def journey(s):
    h = s.h
    goal, see = s.pick([("the sea", "The water was blue and wide, and it never ended"), ("the top of the mountain", "The whole world lay below, as small as a toy"),
                        ("the end of the rainbow", "There was no gold, but there was a meadow full of flowers in every color"),
                        ("the big waterfall", "The water fell down like silver, and it sang"), ("the moon", "From the highest hill, the moon was so close that it seemed to smile"),
                        ("the old castle", "It had tall towers and a garden full of roses"), ("the land of snow", "Everything was white and quiet, and it shone like sugar")])
    s.open()
    s.say("{h} [had always wanted to see|dreamed of seeing] {goal}. [\"It is too far,\" everyone said.|\"One day I will go there,\" {h.he} always said.|]", goal=goal)
    s.start("{h} [packed|took] [some bread and a bottle of water|a little bag with {food}] and [set out|began to walk]. The sun was [just coming up|warm], and the road was long.", food=s.pick(w.FOODS))
    c = s.creature("c", [k for k in ["mouse", "rabbit", "bird", "frog", "turtle", "squirrel", "snail", "puppy", "duck", "hedgehog"]])
    s.say("After a while, {h} met {c}. \"Where are you going?\" asked {c}. \"To {goal},\" said {h}. \"[Come with me!|Do you want to come too?]\" So they went on together.")
    s.paragraph()
    trouble, fix = s.pick([("a wide river without a bridge", "They found a big log, sat on it, and paddled across"), ("a dark forest", "They sang loudly all the way, so that they were not afraid"),
                           ("a steep hill", "They held on to each other and climbed step by step"), ("a gate with a sleepy guard", "They told him a story, and he opened the gate"),
                           ("two roads and no sign", "{c} smelled the air and knew the right one")])
    s.say("[Soon|Then] they came to {trouble}. \"[What now|How can we go on]?\" [said|asked] {h.n}. " + fix + ".", trouble=trouble)
    s.say("[At night they slept under the stars.|When they were hungry, they shared their food.|When {h} was tired, {c.n} told a funny story.] [The next day they walked on and on.|]")
    s.say("At last, they [were there|came to {goal}]. {see}. \"[It is even more beautiful than I thought|We made it],\" {h} [said|whispered].", see=see)
    s.paragraph()
    s.say("They stayed until the sun went down. Then they [went home|walked back] together and told everyone what they had seen.")
    s.end("{h} learned that [a long road is short with a friend|big dreams start with one step].", "After that, {h} and {c} [planned the next trip|were friends for ever].", "Home was warm and good, and {h} was glad to be back.")


@plot("people ice")
def snowman(s):
    h, f = s.h, s.friend("f")
    o = s.thing("o", ["hat", "scarf"], look=s.pick(w.COLORS))
    nose = s.pick(["a carrot", "an orange stick", "a long red pepper"]) if s.world == "people" else s.pick(["a shell", "a long stone"])
    s.open()
    s.start("there was [fresh|deep|new] snow everywhere. {h} and {f} made a snowman. They [rolled|made] three big balls and put one on top of the other.")
    s.say("They gave the snowman two [black stones|buttons] for eyes and {nose} for a nose. {h} [took off {h.his} own {o.b}|got {o.a}] and put it on the snowman. \"[Now he is not cold|Now he looks like a real gentleman],\" {h} said.", nose=nose)
    s.paragraph()
    if s.chance(.5):
        s.say("That night, {h} [heard something|looked out]. The snowman was [dancing|waving]! \"[Come and dance with me|Come out and play],\" he called. {h} [ran outside|went out], and they [danced in the moonlight|slid down the hill] until they were tired.")
        s.say("In the morning, the snowman stood in his place and did not move. [{f} did not believe it.|\"It was only a dream,\" said {f}.] But {o} was [on {h.ns} head|hanging on {h.ns} door].".replace("on {h.ns} head", "on {h.ns} head" if o.core == "hat" else "around {h.ns} neck"))
        s.end("{h} smiled. It was their secret.", "And when {h} looked at the snowman, he winked.")
    else:
        s.say("Every day they [played with the snowman|said hello to the snowman]. But then the sun grew warm. The snowman got smaller and smaller. \"[He is going away|Our snowman is melting]!\" cried {f}.")
        s.say("One morning, there was only [a puddle|some water], and in it lay {o.full} and {nose}. {h} was very sad. \"[Do not cry|He is not really gone],\" said {m}. \"[The water will go up to the clouds and come back as snow|Next winter he will come again].\"", m=s.parent())
        s.say("{h} [kept|washed and kept] {o} in a safe place. And when the first snow fell the next winter, they made a new snowman and gave him {o}.")
        s.end("\"Welcome back,\" said {h}.", "It looked as if he smiled.")


@plot("wild farm")
def winter_store(s):
    h, f = s.h, s.friend("f")
    s.word("food", ["nuts", "seeds", "berries", "apples", "acorns", "carrots", "roots", "grain"])
    s.open()
    s.say("It was [autumn|fall], and {h} [collected|gathered] {food} for the winter. [Every day {h.he} worked from morning to night.|{h} put them in a dry hole, one after the other.]")
    s.say("{f} [lay in the sun|danced and sang all day]. \"[Why do you work so hard?|Come and play with me!]\" {f.he} said. \"[Winter is far away|It is still warm].\" \"[Winter will come|You should gather food too],\" said {h}. But {f.n} only laughed.")
    s.paragraph()
    s.say("Then winter came. [Snow covered everything.|The wind was cold and the ground was white.] {h} sat in {h.his} warm home and ate {food}. [Knock, knock!|One night there was a knock.] {f} stood outside, [cold and hungry|thin and shaking].")
    s.say("\"[I have nothing to eat|I should have listened to you],\" said {f}. \"[Please help me|I am so hungry].\"")
    s.say("{h} [thought for a moment|looked at {h.his} {food}]. \"[Come in|You may stay here],\" {h.he} said. \"[There is enough for two|I will share with you]. But next year you must help me.\" \"I promise,\" said {f}.")
    s.paragraph()
    s.say("They [told stories by the fire|sang songs] all winter long. And the next autumn, {f.n} [was the first to start working|worked harder than anyone].")
    s.end("{f} learned to think about tomorrow.", "They both learned something: one to work, and one to share.", "And so they were never hungry again.")


@plot("people farm wild")
def who_eats(s):
    h = s.h
    crop = s.word("crop", ["carrots", "cabbages", "strawberries", "peas", "apples", "tomatoes", "beans", "pumpkins", "blueberries"])
    c = s.creature("c", ["rabbit", "mouse", "deer", "goat", "bird", "raccoon", "snail", "squirrel", "hedgehog", "mole"])
    s.open()
    s.say("{h} [had a little garden with|grew] {crop}. [Every day {h.he} watered them.|They were nearly ripe.]")
    s.start("some of the {crop} were gone! \"[Who ate my {crop}|Who did this]?\" {h} [asked|cried]. The next day, more were gone. {h} was [angry|cross].")
    clue = s.pick(["small footprints in the mud", "a little tuft of hair", "a trail of leaves", "tiny bite marks"]) if c.kind not in ("bird", "snail") else ("a feather on the ground" if c.kind == "bird" else "a silver trail on the ground")
    s.say("{h} looked around and found {clue}. {h} [hid behind a bush and waited|stayed awake that night to watch]. [The moon came up.|It got dark.] Then something moved in the leaves. It was {c}!", clue=clue)
    s.paragraph()
    s.say("\"Stop!\" {h} [shouted|said]. \"[So it was you!|Why are you eating my {crop}?]\" {c} [shook with fear|began to cry]. \"[I am sorry|Please do not be angry],\" {c.he} said. \"[My children are hungry, and I found no other food|I have had nothing to eat for days].\"")
    s.say("{h} was not [angry|cross] anymore. \"[You should have asked me|You only had to ask],\" {h.he} said. \"[Take these|Here, take some] for today. And if you help me in the garden, you can have some every day.\"")
    s.say("From then on, {c.n} [pulled out the weeds|chased the bugs away|brought water], and the {crop} grew better than ever.")
    s.paragraph()
    s.end("They ate the {crop} together, and they tasted wonderful.", "{h} learned that it is good to ask why before you are angry.", "So {h} lost a few {crop}, but won a friend.")


@plot("people wild farm")
def drifting_boat(s):
    h, f = s.h, s.friend("f")
    o = s.thing("o", ["boat", "raft"], look=s.pick(["little", "small", "old", "red", "blue", "green", "wooden"]))
    s.open()
    s.start("{h} and {f} found {o.a} by the [lake|river]. \"[Let us go for a ride|Come on, get in]!\" said {h.n}. \"[Should we not ask first?|Is it safe?]\" said {f}. {h} [did not listen|only laughed] and climbed in." )
    s.say("[So {f.n} climbed in too.|{f} came too.] They floated away from the shore. [At first it was fun.|The sun was warm and the water was blue.] Then the wind began to blow, and {o} went [farther and farther out|faster and faster]. They had no paddle!")
    s.say("\"[Help! Help!|What shall we do?]\" [cried|shouted] {f.n}. {h} was afraid too. \"[This is my fault|I should have listened],\" {h.he} thought.")
    s.paragraph()
    if s.chance(.5):
        s.say("{c} [saw them|heard them]. \"[Throw me the rope|Hold on]!\" {c.n} called. {c} took the rope and swam and swam, and pulled {o} back to the shore.", c=s.creature("c", ["duck", "frog", "turtle", "otter", "beaver", "swan"]))
        s.slots["who"] = s.slots["c"]
    else:
        s.say("Then {h} had an idea. \"[We can use our hands]!\" {h.he} said. They put their hands in the water and paddled as hard as they could. [Slowly, slowly, the shore came closer.|It took a long time, but they did not stop.]")
        s.slots["who"] = f
    s.say("At last they were back on land. [They were wet and cold, but they were safe.|Their legs were shaking.] \"Thank you, {who.voc},\" said {h}. \"[You were so brave|I will never forget it]. Next time I will be more careful.\"")
    s.paragraph()
    s.end("{h} learned to [think first and listen to others|be careful near the water].", "They tied {o} to a tree with a strong knot and went home.")


@plot("people farm")
def missing_lamb(s):
    h = s.h
    m = s.parent("m", ["grandpa", "grandma", "uncle", "aunt", "father", "mother"])
    baby = s.pick(["lamb", "calf", "chick", "foal", "kid goat", "duckling", "piglet"])
    mother = {"lamb": "sheep", "calf": "cow", "chick": "hen", "foal": "horse", "kid goat": "goat", "duckling": "duck", "piglet": "pig"}[baby]
    s.slots.update(baby=baby, mother=mother)
    s.open()
    s.start("{h} [visited|helped] {m.n} on the farm. [They fed the animals and collected the eggs.|{h} loved the smell of hay.] In the evening they counted the animals. One little {baby} was missing!" if not h.animal else
            "{h} heard the {mother} cry. One little {baby} was missing!")
    s.say("The mother {mother} [called and called|ran up and down]. \"[We must find it before dark|A {baby} cannot stay out alone],\" said {m}. {h} [took a lantern|did not wait].".replace("took a lantern|", "took a lantern|" if not h.animal else ""))
    s.say("{h} looked [behind the barn|near the pond|by the gate]. {h} looked [in the field|under the trees|on the hill]. [No {baby}.|The {baby} was not there.] [Then {h} stopped and listened.|It was getting dark.]")
    s.paragraph()
    s.say("There was a [small|weak] sound! {h} [followed it|ran to it]. The {baby} was {x}.", x=s.pick(["stuck in the mud", "caught in the fence", "at the bottom of a ditch", "lying behind a stone, too tired to walk"]))
    s.say("\"[There you are|Do not be afraid], little {baby},\" said {h}. {h} [pulled gently|talked softly] until the {baby} was [free|calm]. Then {h.he} [carried it|took it] home in {h.his} arms.".replace("[carried it|took it] home in {h.his} arms", "took it home" if h.animal else "carried it home in {h.his} arms"))
    s.say("The mother {mother} [was so happy|came running]. The {baby} [drank some milk and fell asleep|lay down close to its mother].".replace("drank some milk and fell asleep|", "" if baby in ("chick", "duckling") else "drank some milk and fell asleep|"))
    s.paragraph()
    s.say("\"[Well done, {h.voc}|You have a good heart],\" said {m}. \"[You can give it a name|From now on it is your {baby}].\" {h} called it {name}.", name=s.pick(w.PET_NAMES))
    s.end("After that, {name} followed {h.o} everywhere.", "{h} learned that you must not give up when someone needs you.")


@plot("people wild town farm")
def fireflies(s):
    h, f = s.h, s.friend("f")
    s.place()
    s.open()
    s.say("[One warm evening|One summer night|One evening], {h} and {f} saw [a hundred|many|some] little lights {p.at}. They were fireflies! \"[I want to catch one|Let us take them home],\" said {h.n}.")
    s.say("{h} caught [three of them|some of them] and put them in a jar. The jar [shone like a lamp|was full of light]. \"[Now I have my own stars|It is the best lamp in the world],\" {h.he} said. {h} put the jar next to {h.his} bed.")
    s.paragraph()
    s.say("But [in the night|after a while] the lights grew [weak|dim]. The fireflies [sat at the bottom of the jar|did not fly anymore]. \"[What is wrong with them|Why do they not shine]?\" asked {h}.")
    s.say("\"[They want to be free|They miss their friends|They cannot be happy in a jar],\" said {f}. {h} [looked at the jar for a long time.|did not want to let them go. But then {h.he} thought, \"I would not like to live in a jar.\"]")
    s.say("So they [went outside|carried the jar back] and {h.n} opened it. One by one, the fireflies flew up. They [shone brighter than before|danced around {h.ns} head] and [flew off into the night|joined all the others].")
    s.paragraph()
    s.end("{h} learned that [beautiful things must be free|if you love something, you let it go].", "\"They are more beautiful out here,\" said {h}.", "Every summer, the fireflies came back to {p.the} and danced for them.")
