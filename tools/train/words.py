"""The hand-written word lists that the questions and dialogues are made from."""

import re

OPPOSITES = """
hot cold|big small|up down|happy sad|day night|good bad|fast slow|tall short|old young|in out|open closed|wet dry|hard soft
loud quiet|light dark|early late|rich poor|strong weak|full empty|clean dirty|near far|left right|high low|thick thin
wide narrow|deep shallow|heavy light|long short|first last|begin end|start stop|push pull|give take|come go|love hate
win lose|buy sell|laugh cry|true false|yes no|north south|east west|top bottom|front back|inside outside|above below
over under|before after|always never|all none|many few|more less|best worst|sweet sour|smooth rough|sharp dull
brave scared|kind mean|polite rude|safe dangerous|easy difficult|simple complicated|same different|new old|alive dead
asleep awake|awake asleep|friend enemy|summer winter|black white|boy girl|man woman|king queen|brother sister|mother father
uncle aunt|son daughter|husband wife|morning evening|noon midnight|sunrise sunset|arrive leave|enter exit|float sink
rise fall|throw catch|ask answer|remember forget|find lose|build destroy|break fix|save spend|lend borrow|teach learn
accept refuse|allow forbid|attack defend|increase decrease|add subtract|appear disappear|cheap expensive|fat thin
fresh stale|funny serious|generous selfish|gentle rough|giant tiny|tiny huge|huge tiny|guilty innocent|healthy sick
heaven hell|here there|honest dishonest|hungry full|important unimportant|interesting boring|boring interesting
large small|lazy busy|little big|lucky unlucky|major minor|modern ancient|narrow wide|noisy quiet|normal strange
nothing everything|often seldom|possible impossible|powerful weak|present absent|pretty ugly|beautiful ugly|public private
quick slow|right wrong|shiny dull|shy bold|small big|smart stupid|straight crooked|success failure
tight loose|together apart|visible invisible|warm cool|wild tame|wise foolish|work play|cold hot|down up|sad happy
night day|bad good|slow fast|short tall|young old|out in|closed open|dry wet|soft hard|quiet loud|dark light|late early
poor rich|weak strong|empty full|dirty clean|far near|low high|thin thick|shallow deep|last first|end begin|stop start
pull push|take give|go come|hate love|lose win|sell buy|cry laugh|false true|no yes|south north|west east|bottom top
back front|outside inside|below above|under over|after before|never always|few many|less more|worst best|sour sweet
rude polite|dangerous safe|difficult easy|different same|dead alive|enemy friend|winter summer|white black|girl boy
woman man|queen king|sister brother|father mother|evening morning|leave arrive|exit enter|sink float|fall rise
catch throw|answer ask|forget remember|fix break|spend save|borrow lend|learn teach|absent present|expensive cheap
ugly beautiful|wrong right|loose tight|apart together|foolish wise|tame wild|ancient modern|private public
"""

ANIMALS_LAND = "fox bear rabbit bunny dog cat mouse squirrel lion tiger monkey pig horse cow sheep goat deer wolf hedgehog kitten puppy elephant giraffe zebra panda koala donkey pony lamb badger raccoon".split()
ANIMALS_AIR = "bird owl duck parrot robin eagle crow penguin chicken hen goose swan butterfly bee".split()
ANIMALS_OTHER = "fish frog turtle snake spider ant crab whale dolphin octopus shark worm snail dragon dinosaur bug crocodile lizard ladybug caterpillar".split()
ANIMALS = ANIMALS_LAND + ANIMALS_AIR + ANIMALS_OTHER

PEOPLE = "girl boy king queen prince princess farmer doctor teacher fairy wizard pirate robot monster baby witch giant knight sailor baker cook clown".split()

THINGS = """
tree box house ball toy car cake rock slide book boat hat truck flower apple doll swing castle cave leaf star key stone button
train balloon gift rainbow treasure nest bell chair spoon puzzle pool jar basket cloud oven jungle storm rope blanket mirror bike
ladder crayon cage fountain plane mountain coin shell lemon bow bridge machine cup ship plate orange bucket lock barn
island moon bone map kite phone vase carrot towel shirt horn movie lamp medal sandwich string tent clock drum wand rocket
seed diamond scarf sock cookie garden park beach lake river forest pond farm zoo kitchen puddle snowman sandbox
piano violin guitar window door table bed sofa bottle glass fork knife bowl pan kettle brush comb soap pencil pen
paper letter stamp coat dress shoe boot glove ring watch bag purse wallet candle torch hammer nail saw wheel engine road
street city town village shop market school hospital church tower wall roof floor stair gate fence field hill valley
desert ocean wave sun planet potato tomato banana grape pear peach cherry berry onion bean pea nut egg bread sweet
candy pie pizza burger soup salad game card party song dance story poem picture photo mask flag crown sword
shield arrow branch root bush feather wing tail paw claw nose ear eye hand arm leg finger toe
mug tray desk shelf drawer pillow curtain carpet bath tap sink mop broom brick tile tool rug fan bulb cable
""".split()

NOUNS = sorted(set(ANIMALS + PEOPLE + THINGS))

IRREGULAR_PLURALS = {
    "child": "children", "man": "men", "woman": "women", "mouse": "mice", "goose": "geese", "foot": "feet",
    "tooth": "teeth", "person": "people", "leaf": "leaves", "wolf": "wolves", "knife": "knives", "wife": "wives",
    "life": "lives", "shelf": "shelves", "half": "halves", "loaf": "loaves", "thief": "thieves", "calf": "calves",
    "elf": "elves", "scarf": "scarves", "sheep": "sheep", "deer": "deer", "fish": "fish", "ox": "oxen",
    "potato": "potatoes", "tomato": "tomatoes", "hero": "heroes", "snowman": "snowmen",
}

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
ALPHABET = "abcdefghijklmnopqrstuvwxyz"

GIRLS = "Lily Sue Mia Lucy Anna Amy Jane Sally Sara Sarah Daisy Lila Molly Jill Mary Emma Bella Luna Jenny Mimi Lisa Ella Ann Polly Lola Susie Tina Emily Betty Grace Kim Rosie Millie Penny Sandy Kate Zoe Nina Maya Ruby Eva Clara Alice Sophie Nora".split()
BOYS = "Tim Tom Ben Max Sam Timmy Bob Jack John Joe Billy Tommy Leo Mark Jake Benny Jerry Jimmy Pete Sammy Jim Bobby Andy Fred Peter Alex Charlie Dave Toby Danny Henry Bill Freddy Ted Oliver Paul David Adam Noah Finn George Harry Luke Oscar".split()

COLOURS = {
    "the sky": "blue", "grass": "green", "a banana": "yellow", "snow": "white", "the sun": "yellow", "a strawberry": "red",
    "coal": "black", "a carrot": "orange", "a leaf": "green", "milk": "white", "a frog": "green", "chocolate": "brown",
    "a lemon": "yellow", "a tomato": "red", "blood": "red", "the sea": "blue", "a crow": "black", "an elephant": "grey",
    "a pumpkin": "orange", "a fire truck": "red", "a flamingo": "pink", "a cloud": "white", "wood": "brown", "the night sky": "black",
}

SOUNDS = {
    "cow": "moo", "dog": "woof", "cat": "meow", "duck": "quack", "sheep": "baa", "pig": "oink", "bee": "buzz", "snake": "hiss",
    "lion": "roar", "owl": "hoot", "frog": "ribbit", "mouse": "squeak", "horse": "neigh", "chicken": "cluck", "bird": "tweet",
    "donkey": "hee-haw", "wolf": "howl", "crow": "caw",
}

YOUNG = {
    "dog": "puppy", "cat": "kitten", "cow": "calf", "horse": "foal", "sheep": "lamb", "pig": "piglet", "duck": "duckling",
    "bear": "cub", "lion": "cub", "fox": "cub", "goat": "kid", "deer": "fawn", "chicken": "chick", "goose": "gosling",
    "frog": "tadpole", "swan": "cygnet", "owl": "owlet", "kangaroo": "joey",
}

LEGS = {
    "dog": "four", "cat": "four", "spider": "eight", "bird": "two", "snake": "no", "ant": "six", "bee": "six", "horse": "four",
    "duck": "two", "fish": "no", "cow": "four", "chicken": "two", "fox": "four", "octopus": "no", "frog": "four", "owl": "two",
}

HOMES = {
    "bird": "in a nest", "bee": "in a hive", "fish": "in the water", "bear": "in the forest", "fox": "in a den", "rabbit": "in a burrow",
    "spider": "in a web", "cow": "on a farm", "whale": "in the sea", "penguin": "in the cold south", "monkey": "in the jungle",
    "pig": "in a sty", "horse": "in a stable", "ant": "in an anthill", "frog": "near a pond", "squirrel": "in a tree",
    "lion": "in the grassland", "owl": "in a tree", "shark": "in the sea", "dog": "in a house with people",
}


def opposites():
    """Word to opposite; the first entry of a word wins, so that each question has one answer."""
    table = {}
    for pair in OPPOSITES.replace("\n", "|").split("|"):
        if pair.strip():
            word, other = pair.split()
            table.setdefault(word, other)
    return table


def article(noun):
    return "an" if noun[0] in "aeiou" else "a"


def plural(noun):
    if noun in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[noun]
    if re.search(r"(s|x|z|ch|sh)$", noun):
        return noun + "es"
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + "s"
