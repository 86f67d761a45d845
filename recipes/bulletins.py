"""Writes the bulletins that `summarization` learns from: short reports of small events, each with a summary.

A bulletin begins as facts (who, where, when, how many, why, what next). A report tells the facts in several
sentences, in one of many wordings and orders, among remarks that do not matter; the summary names the facts that do.
Everything is invented. The kinds of event, the wordings and the remarks were written by hand for this recipe; what a
model learns here is to pick and join facts of such bulletins, not to summarise any text.
"""

from __future__ import annotations

import random
from collections.abc import Callable

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
PARTS = ["morning", "afternoon", "evening"]
PLACES = [
    *("Abermoor", "Aldersey", "Barrowick", "Beckhampton", "Brindle Cross", "Calverton", "Carrowmore", "Cold Ashby"),
    *("Darnley", "Drumkeel", "Eastwell", "Elmsworth", "Fennick", "Fairholm", "Garsdale", "Glenross", "Hartlow"),
    *("Hexley", "Inverleck", "Kelbrook", "Kingsmere", "Lanwick", "Linton Vale", "Marsham", "Millbeck", "Nettlecombe"),
    *("Norwood End", "Oakhampton", "Orrest", "Penfield", "Port Lannoch", "Quarry Hill", "Ravensby", "Redmarsh"),
    *("Saltby", "Shelford", "Silverdale", "Stonebeck", "Tarn Bridge", "Thornhill", "Upper Wick", "Wadesmill"),
    *("Westerdale", "Whitmoor", "Winterfold", "Woolgate", "Yarrow", "Zennick"),
]
FIRST = [
    *("Ada", "Amir", "Bela", "Bruno", "Carla", "Chidi", "Dora", "Edwin", "Elif", "Farah", "Felix", "Greta", "Hana"),
    *("Idris", "Ines", "Jonas", "Kofi", "Lena", "Liam", "Mabel", "Mira", "Nadia", "Noor", "Olga", "Oscar", "Petra"),
    *("Quentin", "Rosa", "Ruben", "Sanna", "Silas", "Tariq", "Thea", "Umar", "Vera", "Wanda", "Yusuf", "Zoe"),
]
LAST = [
    *("Abbott", "Adeyemi", "Baptiste", "Bellamy", "Carver", "Castell", "Dahl", "Drummond", "Ellery", "Farrow"),
    *("Fischer", "Gallo", "Haddad", "Hollis", "Ibarra", "Jansen", "Keller", "Khan", "Lindqvist", "Marlow", "Mensah"),
    *("Novak", "Okafor", "Pereira", "Quill", "Rahman", "Rossi", "Sandhu", "Sorley", "Tanaka", "Thorne", "Ueda"),
    *("Varga", "Whitlock", "Xu", "Yates", "Zeller"),
]
WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
REMARKS = [  # what a report also says, and a summary does not
    "Nobody was hurt.",
    "It was the talk of the market the next day.",
    "A full report is expected before the end of the month.",
    "Several people took photographs.",
    "Tea was served to everyone who waited.",
    "The local paper had sent its youngest reporter.",
    "Most of those present said they would come again.",
    "It rained for a short while.",
    "The caretaker had opened the gates an hour early.",
    "A dog that belonged to nobody followed the proceedings with interest.",
    "Some had come from as far as the coast.",
    "There had been a similar occasion two years before.",
    "Questions from the public were taken at the end.",
    "The brass band played, though not for long.",
    "Parking was difficult, as always.",
    "The organisers thanked their helpers by name.",
    "A few chairs had to be fetched from the school.",
    "The sound could be heard across the valley.",
    "Children under six were let in free.",
    "The mayor sent her apologies.",
    "Coffee ran out before noon.",
    "The lights failed once, but only for a moment.",
]


def word(number: int) -> str:
    """A number as running text has it: up to ten in letters."""
    return WORDS[number] if number < len(WORDS) else str(number)


def many(number: int, one: str, more: str | None = None) -> str:
    """A number with its noun: "one bus", "three buses"."""
    return f"{word(number)} {one if number == 1 else more or one + 's'}"


def a(noun: str) -> str:
    """The noun with its article: "a leek", "an onion"."""
    return f"an {noun}" if noun[0] in "aeio" else f"a {noun}"


def upper(text: str) -> str:
    """The text with a capital first letter."""
    return text[0].upper() + text[1:]


def person(chance: random.Random) -> str:
    """An invented name."""
    return f"{chance.choice(FIRST)} {chance.choice(LAST)}"


def delay(chance: random.Random) -> tuple[list[list[str]], list[str]]:
    """A train, ferry or bus that came late."""
    start, end = chance.sample(PLACES, 2)
    vehicle = chance.choice(["train", "ferry", "bus", "night train", "express coach"])
    minutes, people = chance.choice([*range(15, 60, 5), *range(60, 200, 10)]), chance.randint(12, 240)
    day, part = chance.choice(DAYS), chance.choice(PARTS)
    cause, because = chance.choice(
        [
            ("a fallen tree", "A tree had come down across the way during the night"),
            ("thick fog", "Fog lay so thick that the driver could not see the signals"),
            ("a broken door", "One of the doors would not close, whatever was tried"),
            ("a herd of cows", "A herd of cows had settled on the way and would not be moved"),
            ("a missing driver", "The driver who should have taken over was nowhere to be found"),
            ("high water", "The water stood too high for a safe passage"),
            ("a flat battery", "The battery had run down, and a new one had to be sent for"),
            ("a forgotten suitcase", "A suitcase without an owner had to be looked into first"),
            ("ice", "Ice had formed wherever there was shade"),
        ]
    )
    helper = chance.choice(["the company", "the operator", "the station", "a spokesman"])
    report = [
        [
            f"The {day} {part} {vehicle} from {start} to {end} did not leave when it should have.",
            f"Those who wanted to go from {start} to {end} on {day} {part} had to be patient with their {vehicle}.",
            f"It was a long {day} {part} for the passengers of the {vehicle} that links {start} with {end}.",
            f"On {day} {part} the {vehicle} to {end} stood still in {start}.",
        ],
        [
            f"{because}.",
            f"{because}, {helper} explained.",
            f"{upper(helper)} gave the reason later. {because}.",
        ],
        [
            f"In the end the delay came to {minutes} minutes.",
            f"It arrived {minutes} minutes late.",
            f"When it got there at last, {minutes} minutes had been lost.",
        ],
        [
            f"{people} people were on board.",
            f"{people} passengers waited.",
            f"There were {people} travellers, some of them standing.",
        ],
    ]
    cause_of = [f"because of {cause}", f"owing to {cause}", f"after trouble with {cause}"][:2]
    summary = [
        f"The {vehicle} from {start} to {end} was {minutes} minutes late on {day} {chance.choice(cause_of)}.",
    ]
    return report, summary


def match(chance: random.Random) -> tuple[list[list[str]], list[str]]:
    """A game between two towns."""
    home, away = chance.sample(PLACES, 2)
    sport = chance.choice(["football", "hockey", "handball", "water polo"])
    win, lose = sorted(chance.sample(range(8), 2), reverse=True)
    winner, loser = chance.choice([(home, away), (away, home)])
    scorer, goals = person(chance), chance.randint(1, max(1, win))
    day, crowd = chance.choice(DAYS), chance.randint(40, 4000)
    report = [
        [
            f"{home} and {away} met for a game of {sport} on {day}.",
            f"On {day} {home} received {away} for {sport}.",
            f"The {sport} players of {away} travelled to {home} on {day}.",
        ],
        [
            f"{crowd} people watched from the stands.",
            f"A crowd of {crowd} had come.",
            f"The gate counted {crowd} heads.",
        ],
        [
            f"{scorer} of {winner} scored {many(goals, 'goal')}.",
            f"{upper(many(goals, 'goal'))} came from {scorer}, who has played for {winner} since spring.",
            f"For {winner}, {scorer} found the net {'once' if goals == 1 else many(goals, 'time')}.",
        ],
        [
            f"At the end the board said {win} for {winner} and {lose} for {loser}.",
            f"{loser} managed {many(lose, 'goal')}, {winner} made {word(win)}.",
            f"When the whistle went it stood {win} to {lose}, and it was {winner} that cheered.",
        ],
    ]
    summary = [f"{winner} beat {loser} {win}-{lose} at {sport}, with {many(goals, 'goal')} by {scorer}."]
    return report, summary


def weather(chance: random.Random) -> tuple[list[list[str]], list[str]]:
    """A day's weather at a station."""
    place, day = chance.choice(PLACES), chance.choice(DAYS)
    low = chance.randint(-8, 14)
    high, rain, gust = low + chance.randint(3, 14), chance.randint(0, 60), chance.randint(20, 120)
    report = [
        [
            f"The station at {place} sent its figures for {day}.",
            f"{day} at the weather station of {place}:",
            f"Here is what the instruments of {place} wrote down on {day}.",
        ],
        [
            f"The night was coldest, with {low} degrees.",
            f"Before sunrise the thermometer showed {low} degrees.",
            f"It began at {low} degrees.",
        ],
        [
            f"By the early afternoon it had risen to {high}.",
            f"{high} degrees were reached after lunch.",
            f"The warmest hour had {high} degrees.",
        ],
        [
            f"{rain} millimetres of rain were collected.",
            f"The gauge held {rain} millimetres.",
            f"In the rain gauge stood {rain} millimetres.",
        ],
        [
            f"The strongest gust reached {gust} kilometres an hour.",
            f"Wind of up to {gust} kilometres an hour shook the mast.",
            f"Gusts went up to {gust} kilometres an hour.",
        ],
    ]
    wet = "stayed dry" if rain == 0 else f"had {rain} mm of rain"
    wind = f" and a storm of {gust} km/h" if gust >= 75 else ""
    summary = [f"{place} {wet}{wind} on {day}, with {low} to {high} degrees."]
    return report, summary


def vote(chance: random.Random) -> tuple[list[list[str]], list[str]]:
    """A council that decides."""
    place, day = chance.choice(PLACES), chance.choice(DAYS)
    plan, aim = chance.choice(
        [
            ("a new footbridge", "Walkers would no longer have to go round by the mill"),
            ("longer library hours", "Readers had asked for evenings"),
            ("a skating rink", "The pond has not frozen for years"),
            ("solar panels on the school", "They would pay for themselves in nine years"),
            ("a ban on fireworks", "Owners of dogs had signed a list"),
            ("a second crossing at the school", "Parents had counted the cars"),
            ("a market on Sundays", "Traders hope for visitors"),
            ("a night bus", "The last one leaves at nine"),
            ("new benches by the river", "The old ones went with the flood"),
            ("a public oven", "Two bakers have closed since winter"),
        ]
    )
    for_it, against = chance.sample(range(2, 20), 2)
    cost, speaker = chance.randint(3, 90) * 1000, person(chance)
    verdict = "approved" if for_it > against else "rejected"
    report = [
        [
            f"The council of {place} sat until late on {day}.",
            f"On {day} the councillors of {place} had one large matter before them.",
            f"A long list was before the council of {place} on {day}.",
        ],
        [
            f"It was about {plan}. {aim}.",
            f"Most of the time went to one question: {plan}. {aim}.",
            f"{aim}, and so {plan} had been proposed.",
        ],
        [
            f"The cost is put at {cost:,} pounds.",
            f"It would cost {cost:,} pounds, the treasurer said.",
            f"{cost:,} pounds would be needed.",
        ],
        [
            f"{speaker} spoke twice.",
            f"{speaker} asked where the money was to come from.",
            f"The longest speech was that of {speaker}.",
        ],
        [
            f"When hands were raised, {word(for_it)} were for it and {word(against)} against.",
            f"{upper(word(for_it))} councillors said yes, {word(against)} said no.",
            f"There were {word(against)} votes against it and {word(for_it)} in favour.",
        ],
    ]
    summary = [f"The council of {place} {verdict} {plan} for {cost:,} pounds by {max(for_it, against)} votes to "]
    summary[0] += f"{min(for_it, against)}."
    return report, summary


def found(chance: random.Random) -> tuple[list[list[str]], list[str]]:
    """Something lost that was found."""
    place, finder, owner = chance.choice(PLACES), person(chance), person(chance)
    thing = chance.choice(
        [
            *(
                "a silver ring",
                "a violin",
                "a box of letters",
                "a pocket watch",
                "a wooden leg",
                "a tortoise",
                "a tuba",
            ),
            *("a wedding dress", "a set of keys", "a parrot", "a painting", "a diary", "an album", "a bicycle"),
        ]
    )
    spot = chance.choice(
        ["under a bench", "in a hedge", "on the roof of the station", "at the bottom of a well", "behind the bakery"]
        + ["in a hollow tree", "in the river", "inside a piano", "among the cabbages", "in a coat at the theatre"]
    )
    years, reward = chance.randint(2, 40), chance.choice([0, 5, 10, 20, 50, 100])
    report = [
        [
            f"{finder} of {place} was looking for something else.",
            f"It began as an ordinary walk for {finder} of {place}.",
            f"{finder} lives in {place} and gets up early.",
        ],
        [
            f"{upper(spot)} there was {thing}.",
            f"What came to light {spot} was {thing}.",
            f"{upper(thing)} lay {spot}.",
        ],
        [
            f"It had been missing for {years} years.",
            f"Its owner had given up hope {years} years ago.",
            f"{years} years had passed since it was last seen.",
        ],
        [
            f"A name was written on it in ink, {owner}.",
            f"It belongs to {owner}, as the police soon knew.",
            f"The owner is {owner}, who had moved twice since.",
        ],
        [
            f"The reward was {reward} pounds." if reward else "There was no reward but a handshake.",
            f"{finder.split()[0]} was given {reward} pounds." if reward else "No reward had been offered.",
        ],
    ]
    summary = [f"{finder} found {thing} {spot} that {owner} had missed for {years} years."]
    return report, summary


def harvest(chance: random.Random) -> tuple[list[list[str]], list[str]]:
    """A prize at a show."""
    place, winner, second = chance.choice(PLACES), person(chance), person(chance)
    fruit = chance.choice(["pumpkin", "marrow", "turnip", "leek", "cabbage", "onion", "watermelon", "beetroot"])
    weight = chance.randint(20, 400)
    less, entries, year = weight - chance.randint(1, 15), chance.randint(5, 60), chance.randint(3, 90)
    report = [
        [
            f"The show at {place} has been held for {year} years.",
            f"{place} held its show for the {year}th time." if year > 20 else f"{place} held its show again.",
            f"For {year} years people have carried their best to the show at {place}.",
        ],
        [
            f"This time {entries} {fruit}s lay on the tables.",
            f"{entries} gardeners had brought {a(fruit)}.",
            f"The judges had to lift {entries} {fruit}s.",
        ],
        [
            f"The {fruit} of {second} came to {less} kilos, which was thought to be enough.",
            f"{second} led for an hour with {less} kilos.",
            f"At first {less} kilos, grown by {second}, seemed safe.",
        ],
        [
            f"Then came {winner} with {weight} kilos.",
            f"But that of {winner} made the scales show {weight} kilos.",
            f"{weight} kilos stood there at the end, and beside it the name of {winner}.",
        ],
    ]
    summary = [f"{winner} won at {place} with {a(fruit)} of {weight} kilos, ahead of {second}."]
    return report, summary


KINDS: list[Callable[[random.Random], tuple[list[list[str]], list[str]]]] = [
    delay,
    match,
    weather,
    vote,
    found,
    harvest,
]


def bulletin(chance: random.Random) -> dict[str, str]:
    """One bulletin: its "document", its "summary" and its "kind"."""
    kind = chance.choice(KINDS)
    report, summary = kind(chance)
    sentences = [chance.choice(wordings) for wordings in report]
    middle = sentences[1:]
    if kind not in (found, harvest, vote):  # there one sentence needs the one before
        chance.shuffle(middle)
    text = [sentences[0], *middle]
    for remark in chance.sample(REMARKS, chance.randint(1, 3)):
        text.insert(chance.randint(0 if chance.random() < 0.35 else 1, len(text)), remark)
    return {"document": " ".join(text), "summary": chance.choice(summary), "kind": kind.__name__}


def bulletins(count: int, seed: int) -> list[dict[str, str]]:
    """So many different bulletins, the same ones for the same seed."""
    chance, found_so_far = random.Random(seed), {}
    while len(found_so_far) < count:
        one = bulletin(chance)
        found_so_far.setdefault(one["document"], one)
    return list(found_so_far.values())
