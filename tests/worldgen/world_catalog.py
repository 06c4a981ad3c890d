"""The fixed stock of the world: products, pages, browsers, bots and names. All invented; addresses are reserved ones."""

# ruff: noqa: E501 - user agents are as long as they are

from __future__ import annotations

from dataclasses import dataclass

from world_random import cumulative


@dataclass(frozen=True)
class Product:
    """One product. `price_cents` is the price in euro cents; `weight` its share of interest."""

    product_id: int
    category: str
    name: str
    price_cents: int
    weight: float

    @property
    def path(self) -> str:
        """The product page."""
        slug = self.name.lower().replace(" ", "-").replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
        return f"/p/{self.product_id}/{slug}"


_NAMES = {
    "zelte": ["Zelt Fjord 2", "Zelt Fjord 3", "Tunnelzelt Sund", "Tarp Brise", "Zeltunterlage Fjord", "Hering Set Alu"],
    "schlafsaecke": ["Schlafsack Polar", "Schlafsack Sommer", "Isomatte Luft", "Isomatte Falt", "Kissen Reise"],
    "rucksaecke": ["Rucksack Tour 30", "Rucksack Trek 55", "Rucksack Kind 12", "Packsack 20", "Regenhülle 30-55"],
    "schuhe": ["Wanderstiefel Kamm", "Wanderschuh Pfad", "Trailschuh Flink", "Gamasche Firn", "Einlegesohle Komfort"],
    "jacken": [
        "Regenjacke Bö",
        "Daunenjacke Frost",
        "Fleecejacke Hafen",
        "Softshell Kliff",
        "Windjacke Düne",
        "Weste Kai",
    ],
    "kochen": [
        "Gaskocher Glut",
        "Topfset Lager",
        "Gaskartusche 230",
        "Trinkflasche 1 L",
        "Besteck Titan",
        "Wasserfilter Quell",
    ],
    "licht": ["Stirnlampe Nova", "Zeltlampe Glimm", "Powerbank 10000", "Batterien AAA 8", "Knicklicht 6"],
}

CATEGORIES = list(_NAMES)


def _products() -> list[Product]:
    stock: list[Product] = []
    for category, names in _NAMES.items():
        for name in names:
            n = len(stock)
            price = 1_490 + (n + 2) * 7_919 % 21_000 // 100 * 100
            stock.append(Product(4101 + n, category, name, price, 1.0 / (1.0 + (n * 11) % 38) ** 0.6))
    return stock


PRODUCTS = _products()
PRODUCT_WEIGHTS = cumulative([product.weight for product in PRODUCTS])
BY_CATEGORY = {name: [i for i, product in enumerate(PRODUCTS) if product.category == name] for name in CATEGORIES}
POOR = frozenset({3, 15, 26})  # positions in PRODUCTS of the pages with a poor description
SEARCHES = [
    "zelt 2 personen", "schlafsack winter", "rucksack 30l", "wanderschuhe damen", "regenjacke", "gaskocher", "stirnlampe",
    "isomatte", "daunenjacke", "wasserfilter", "größe 42", "geschenk", "fleece", "zelt", "trinkflasche",
]  # fmt: skip
REFERRERS = [
    "https://www.google.com/",
    "https://www.google.de/",
    "https://www.bing.com/",
    "https://duckduckgo.com/",
    "-",
]
CAMPAIGNS = ["newsletter-kw04", "newsletter-kw07", "wintersale", "preisvergleich"]

DESKTOPS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:147.0) Gecko/20100101 Firefox/147.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
]
MOBILES = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Android 15; Mobile; rv:147.0) Gecko/147.0 Firefox/147.0",
]
TABLETS = [
    "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
]
AGENTS = DESKTOPS + MOBILES + TABLETS
DESKTOP_AT, MOBILE_AT, TABLET_AT = 0, len(DESKTOPS), len(DESKTOPS) + len(MOBILES)


@dataclass(frozen=True)
class Bot:
    """One robot: hits a day at 2,000 customers, the address it comes from, and what it reads."""

    agent: str
    ip: str
    per_day: int
    reads: str  # "pages", "health" or "probe"


BOTS = [
    Bot("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "192.0.2.17", 34, "pages"),
    Bot("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/136.0.0.0 Safari/537.36", "192.0.2.41", 20, "pages"),
    Bot("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.3; +https://openai.com/gptbot)", "192.0.2.88", 24, "pages"),
    Bot("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "192.0.2.120", 12, "pages"),
    Bot("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "192.0.2.200", 48, "health"),
    Bot("Mozilla/5.0 zgrab/0.x", "203.0.113.66", 3, "probe"),
]  # fmt: skip
PROBES = ["/wp-login.php", "/.env", "/xmlrpc.php", "/admin/config.php", "/.git/config"]

FIRST_NAMES = [
    "anna", "ben", "clara", "david", "emma", "finn", "greta", "hannes", "ida", "jan", "katrin", "lars", "mia", "nils", "olga",
    "paul", "rita", "sven", "tina", "uwe", "vera", "willi", "yara", "zoe", "murat", "aylin", "piotr", "ewa", "linh", "omar",
]  # fmt: skip
LAST_NAMES = [
    "schmidt", "mueller", "krueger", "hansen", "petersen", "wagner", "becker", "hoffmann", "koch", "richter", "wolf", "neumann",
    "braun", "zimmermann", "hartmann", "lange", "vogel", "friedrich", "keller", "frank", "berger", "winkler", "lorenz", "albrecht",
    "yilmaz", "kaya", "nowak", "kowalski", "nguyen", "demir",
]  # fmt: skip
CITIES = [
    ("10115", "Berlin"), ("20095", "Hamburg"), ("80331", "München"), ("50667", "Köln"), ("60311", "Frankfurt am Main"),
    ("70173", "Stuttgart"), ("40213", "Düsseldorf"), ("44135", "Dortmund"), ("04109", "Leipzig"), ("28195", "Bremen"),
    ("01067", "Dresden"), ("30159", "Hannover"), ("90402", "Nürnberg"), ("24103", "Kiel"), ("18055", "Rostock"),
]  # fmt: skip
