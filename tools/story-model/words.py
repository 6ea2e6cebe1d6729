"""The words of the story generator: names, kinds, places, things and the like.

Everything here is plain data. A line is a list of entries separated by commas,
so that it is easy to add one.
"""


def words(text):
    """Splits "a, b, c" into a list; line breaks count as spaces."""
    return [w.strip() for w in " ".join(text.split()).split(",") if w.strip()]


GIRLS = words("""
Lily, Mia, Anna, Sue, Lucy, Emma, Zoe, Rosie, Ella, Sara, Nina, Jane, Amy,
Molly, Daisy, Ruby, Grace, Ivy, Alice, Clara, Maya, Hana, Lena, Tina, Kate,
Polly, Hazel, Nora, Olive, Penny, Poppy, Wendy, Rita, Leila, Aisha, Priya,
Sofia, Elena, Marta, Ingrid, Freya, Greta, Heidi, Yuki, Mei, Amara, Zuri, Nala,
Fatima, Noor, Carla, Bella, Dora, Edith, Fern, Gina, Holly, Iris, Julia, Kira,
Lola, Mary, Nelly, Opal, Pearl, Rose, Stella, Tess, Una, Vera, Willa, Yara,
Ada, Betty, Cora, Dina, Eva, Flora, Hope, Jenny, Kim, Lara, Mona, Nadia, Orla,
Paula, Robin, Sally, Tara, Violet, Winnie, Zara, Beth, Maggie""")

BOYS = words("""
Tom, Tim, Ben, Max, Sam, Jack, Leo, Finn, Oscar, Noah, Henry, Peter, Billy,
Jake, Luke, Adam, Alex, Eli, Owen, Hugo, Felix, Theo, Milo, Otto, Emil, Anton,
Omar, Ali, Karim, Ravi, Arjun, Kenji, Hiro, Wei, Jin, Kofi, Jabari, Diego,
Mateo, Pablo, Luis, Marco, Nico, Lars, Sven, Bruno, Carl, Daniel, David, Eddie,
Frank, Fred, George, Harry, Ian, Ivan, Jamie, James, Joe, John, Kevin, Kyle,
Liam, Louis, Mark, Matt, Mike, Nick, Oliver, Patrick, Paul, Philip, Ralph,
Rob, Roy, Samir, Simon, Steve, Ted, Toby, Tony, Victor, Walter, Will, Zack,
Andy, Bobby, Charlie, Danny, Jonas, Kai, Levi, Miles""")

PET_NAMES = words("""
Spot, Rusty, Fluffy, Pip, Coco, Bubbles, Patch, Ziggy, Biscuit, Mocha, Pepper,
Ginger, Snowy, Shadow, Sunny, Buttons, Teddy, Honey, Nibbles, Tiny, Whiskers,
Misty, Socks, Smoky, Waffles, Peanut, Cookie, Pickle, Bounce, Flick, Dot, Bramble,
Clover, Nutmeg, Acorn, Pebble, Tumble, Twig, Bean, Maple, Squeaky, Fuzzy, Barney,
Rex, Bingo, Lulu, Gigi, Momo, Kiki, Toto, Bobo, Tilly, Benny, Rocky, Poppet""")

# Parts of invented names: they teach the model to repeat a name that it has
# never seen, letter group by letter group.
NAME_STARTS = words("""
Ba, Be, Bo, Bri, Da, De, Do, Dru, Fa, Fe, Fi, Ga, Go, Gri, Ha, Hu, Ja, Jo, Ka, Ke,
Ki, Kla, La, Le, Li, Lo, Ma, Me, Mi, Mo, Na, Ne, No, Pa, Pe, Pi, Pru, Qui, Ra, Re,
Ri, Ro, Sa, Se, Sha, Ta, Te, Ti, To, Tri, Va, Vi, Wa, We, Ya, Yo, Za, Ze, Zi""")
NAME_MIDDLES = words("""
b, bb, d, dd, g, k, l, ll, lm, m, mb, n, nd, nn, p, pp, r, rr, rl, s, ss, t, tt, v,
x, z, zz, sh, ck, lv, rn""")
NAME_ENDS = words("""
a, o, y, i, e, ie, in, an, en, on, el, er, ia, us, ix, o, a, ina, ella, ito, kin""")

TRAITS = words("""
little, kind, brave, curious, happy, clever, quiet, cheerful, shy, gentle,
playful, small, young, friendly, busy, funny, polite, careful, proud, silly,
lively, thoughtful, tiny, lonely, sleepy, hungry, good, stubborn, patient,
helpful, merry, smart, dreamy, grumpy, bold""")

# Animals and other heroes: kind | where it lives | how it moves.
# The home is one of the keys of HOMES.
ANIMALS = [tuple(p.strip() for p in e.split("|")) for e in words("""
fox|forest|ran, rabbit|meadow|hopped, bear|forest|walked, squirrel|forest|ran,
mouse|farm|ran, hedgehog|forest|walked, owl|forest|flew, duck|pond|waddled,
frog|pond|hopped, turtle|pond|walked, cat|town|walked, dog|town|ran, puppy|town|ran,
kitten|town|ran, pig|farm|trotted, cow|farm|walked, horse|farm|trotted,
lamb|farm|skipped, goat|mountain|climbed, donkey|farm|trotted, hen|farm|walked,
chick|farm|ran, goose|farm|waddled, beaver|river|walked, otter|river|ran,
deer|forest|ran, badger|forest|walked, mole|meadow|walked, raccoon|forest|walked,
wolf|mountain|ran, bird|forest|flew, robin|forest|flew, crow|forest|flew,
sparrow|town|flew, parrot|jungle|flew, monkey|jungle|climbed, elephant|jungle|walked,
lion|jungle|walked, tiger|jungle|walked, giraffe|jungle|walked, zebra|jungle|trotted,
hippo|river|walked, crocodile|river|walked, panda|mountain|walked, koala|forest|climbed,
kangaroo|meadow|hopped, penguin|ice|waddled, seal|ice|slid, snail|meadow|crawled,
ant|meadow|marched, bee|meadow|flew, ladybug|meadow|flew, butterfly|meadow|flew,
caterpillar|meadow|crawled, spider|farm|crawled, crab|beach|walked, swan|pond|walked,
pony|farm|trotted, camel|desert|walked, lizard|desert|ran, bunny|meadow|hopped,
bat|cave|flew, dragon|cave|flew, unicorn|forest|trotted, fairy|forest|flew,
robot|town|rolled, elf|forest|walked, gnome|meadow|walked, giant|mountain|walked,
snowman|ice|walked, dinosaur|jungle|walked, wizard|mountain|walked, fish|sea|swam,
whale|sea|swam, dolphin|sea|swam, octopus|sea|swam, mermaid|sea|swam""")]

HOMES = {
    "forest": words("""a green forest, a quiet wood, a deep forest, the middle of a
        forest, a hollow tree, a little house in the woods, a big oak tree"""),
    "meadow": words("""a sunny meadow, a wide green field, a hole under a hill,
        a garden full of flowers, a soft green meadow, a little house by a field"""),
    "farm": words("""a small farm, an old red barn, a farm on a hill, a busy farm,
        a warm barn"""),
    "pond": words("""a quiet pond, a blue pond, a pond near a village, a little
        house by the lake"""),
    "river": words("""the bank of a river, a cozy house by the river, a wide slow
        river"""),
    "town": words("""a small town, a little house, a house at the end of a street,
        a busy city, a yellow house, a tall house in the city"""),
    "mountain": words("""a high mountain, a green valley, a house on a tall hill"""),
    "jungle": words("""a hot jungle, a big jungle, a land where it was always
        warm, the shade of tall trees"""),
    "ice": words("""a land of snow and ice, a cold white land, the snowy north"""),
    "beach": words("""a sandy beach, a cave near the sea, a long white beach"""),
    "desert": words("""a hot desert, a land of yellow sand"""),
    "cave": words("""a dark cave, a cave in the hills, a big cave high above
        the valley"""),
    "sea": words("""the deep blue sea, a coral cave, the warm sea, a big blue
        ocean"""),
    "people": words("""a small village, a little house by the sea, a big city,
        a small town, a house near the woods, a farm, a white house on a hill,
        a tall house in the city, a village by the river, a cozy cottage,
        a little house with a red door, a quiet street, a fishing village,
        a town near the mountains, a house with a big garden, a blue house,
        an old house at the edge of town, a valley, a small island, a red house"""),
}

# Where a hero can go, by home: place with its preposition is built in code.
OUTDOORS = {
    "people": words("""park, garden, beach, forest, river, meadow, playground,
        market, hill, lake, pond, field, woods, farm, yard, street"""),
    "town": words("park, garden, playground, market, street, yard, river, hill, pond"),
    "farm": words("field, barn, pond, meadow, orchard, hill, river, garden, yard"),
    "sea": words("reef, sand bank, old ship, sea grass, coral garden"),
    "wild": words("""river, meadow, hill, lake, pond, field, old oak tree, valley,
        stream, big rock, clearing, waterfall"""),
    "ice": words("ice hill, frozen lake, snowy field, big white rock"),
}

COLORS = words("""red, blue, green, yellow, purple, orange, pink, white, black,
    brown, golden, silver, gray""")
LOOKS = words("""shiny, big, small, soft, old, new, pretty, tiny, wooden, round,
    beautiful, bright, special, striped, fluffy, little, favorite, lovely""")

TOYS = words("""ball, doll, teddy bear, toy car, kite, toy boat, drum, train, toy
    truck, puzzle, bucket, wagon, robot, yo-yo, toy horse, spinning top, balloon,
    jump rope, paper boat, rocket, puppet, toy plane, stuffed rabbit, whistle,
    flute, little bell, scooter, toy duck, music box, toy lion, paint box""")
WEAR = words("""hat, scarf, ring, coat, cap, necklace, ribbon, button, umbrella,
    blanket, backpack, bracelet, watch, belt, feather, crown, sweater, cape""")
FINDS = words("""shell, stone, key, coin, feather, marble, acorn, bead, map, book,
    lantern, leaf, basket, cup, spoon, bottle, pebble, letter, flower, box""")
PAIRS = words("mittens, boots, gloves, shoes, glasses, socks, crayons, skates, slippers")

TREATS = words("""apple, cookie, cupcake, peach, banana, orange, pear, muffin, plum,
    sandwich, piece of cake, slice of pie, bun, candy bar, lollipop, pancake, donut,
    honey cake, carrot, piece of bread, ice cream cone""")
FOODS = words("""apples, berries, nuts, cookies, carrots, strawberries, cherries,
    pears, plums, cupcakes, grapes, muffins, pancakes, peaches, sandwiches, buns""")
CAKES = words("""chocolate cake, apple pie, honey cake, carrot cake, berry pie,
    loaf of bread, lemon cake, banana bread, big pancake, batch of cookies,
    pumpkin pie, strawberry cake, plum cake""")
DRINKS = words("hot milk, warm cocoa, sweet tea, cold juice, lemonade, warm soup")

FLOWERS = words("""rose, sunflower, tulip, daisy, lily, poppy, bluebell, violet,
    daffodil""")
CROPS = words("""tomato, pumpkin, carrot, bean, pea, strawberry, melon, cabbage,
    potato, radish, cucumber, apple, turnip""")

LIKES = words("""play with the ball, sing songs, dance in the rain, climb trees, draw
    pictures, read books, look at the stars, run in the grass, pick flowers, make
    up games, tell stories, jump in puddles, swim in the lake, listen to the birds,
    collect shiny stones, build things, bake cookies, ride a bike, paint, play
    hide and seek, count the clouds, help other people, explore new places, ask
    questions, fly a kite, watch the boats, play outside, make funny faces,
    collect leaves, chase butterflies, roll down the hill, skip and hop, cook with
    Grandma, feed the birds, work in the garden, play the drum""")
WILD_LIKES = words("""sing songs, dance in the rain, look at the stars, run in the
    grass, pick flowers, make up games, tell stories, jump in puddles, listen to
    the wind, collect shiny stones, build things, play hide and seek, count the
    clouds, help others, explore new places, ask questions, play outside, roll down
    the hill, eat berries, sleep in the sun, watch the river, collect leaves, chase
    butterflies, play in the mud, make new friends, look for food, tell jokes""")
SEA_LIKES = words("""play in the waves, sing songs, look at the shiny shells,
    explore new places, ask questions, tell stories, make bubbles, race with the
    current, play hide and seek, collect pearls, make new friends, count the
    starfish""")

GAMES = words("""tag, hide and seek, catch, ball, a racing game, pirates, a counting
    game, kings and queens, a jumping game, leapfrog, a singing game, explorers,
    a funny guessing game""")

WEATHER = [tuple(p.strip() for p in e.split("|")) for e in words("""
sunny|The sun was shining, rainy|Rain fell on the roof, windy|The wind blew hard,
cold|The air was cold, snowy|Snow covered the ground, warm|The air was warm,
cloudy|Gray clouds filled the sky, foggy|There was fog everywhere, hot|The sun was very hot,
bright|The sky was blue, cool|A cool wind was blowing, quiet|Everything was quiet""")]

TIMES = words("morning, afternoon, evening, day")
DAYS = words("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
SEASONS = words("spring, summer, autumn, winter, fall")

HIDING = words("""under the bed, behind the door, under a bush, behind a big rock, in a
    pile of leaves, under the old bench, in the tall grass, behind the fence, inside a
    hollow log, under the table, next to the well, between two stones, on a low branch,
    at the bottom of the stairs, near the gate, behind the curtain, in the mud by the
    path, under the bridge, behind a tree, beside the pond, in an empty basket""")
HIDING_OUT = words("""under a bush, behind a big rock, in a pile of leaves, in the tall
    grass, inside a hollow log, between two stones, on a low branch, in the mud by the
    path, behind a tree, under a fern, next to an old stump, in a small hole,
    beside the path""")
HIDING_SEA = words("""under a shell, behind a big rock, in the sea grass, inside an old
    ship, between two stones, in the sand, under the coral, next to a starfish""")

KIN = words("mom, dad, grandma, grandpa, mother, father, big sister, big brother, aunt, uncle")
SHE_KIN = set(words("mom, grandma, mother, big sister, aunt, sister, little sister"))
JOBS = words("""baker, farmer, teacher, shopkeeper, gardener, fisherman, doctor,
    carpenter, painter, miller, postman, librarian, sailor, shepherd, tailor""")
SURNAMES = words("""Brown, Green, Hill, Baker, Woods, Bell, Stone, Park, Rivers, Lopez,
    Moss, Field, Winter, Potts, Kim, Gray, Cook, Martin, Page, Rose""")

GOOD_FEELINGS = words("happy, glad, proud, very happy, full of joy, so happy, warm inside")
SAD_FEELINGS = words("sad, very sad, upset, unhappy, so sad")
