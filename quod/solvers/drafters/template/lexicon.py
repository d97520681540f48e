"""Closed classes of words: what joins, what compares, what only counts."""

from __future__ import annotations

STOP = frozenset(
    """a an the this that these those its their his her our your my it they he she we you i them him us
    is are was were be been being am do does did has have had having can could may might must should shall will would
    to of in on at by for from with into onto as than and or but nor if when while whereas because since so due
    each every per both either neither all any some another other one ones such same also only just not no n't
    there here which who whom whose what how many much more most less least few fewer then thus therefore however
    moreover further furthermore additionally addition finally respectively 's up out over under about very too
    make made makes making want wants needs need requires require required take takes taking taken use uses used using
    contain contains containing provide provides get gets give gives given yield yields
    ensure sure order amount number quantity total overall
    , . ; : ? ! ( ) - / " “ ” ' ’ $ € £ % [ ] & * + = < > _""".split()
)
BREAKS = frozenset(", ; : . ? ! ( ) and or but while whereas if when because since however so although".split())
UNITS = frozenset(
    """unit hour minute second day week month year kg gram g mg kilogram ounce oz lb pound ton tonne liter litre l ml
    milliliter gallon dollar cent acre foot ft sq square meter metre km mile calorie time piece item thing slice cup
    tablespoon teaspoon scoop serving portion dose batch bottle can box bag package pack container person trip""".split()
)
CONTAINERS = frozenset("item piece thing slice batch bottle can box bag package pack container person trip cup".split())
MEASURES = UNITS - CONTAINERS
LAND = frozenset("acre hectare hour day".split())
MONEY = frozenset(
    "cost $ dollar spend spent budget price pay paid wage capital expense expensive money fund salary bill invest".split()
)
GAIN = frozenset("profit earn revenue return income earning sale gain yield interest".split())
TIME = frozenset("hour minute second day week month year time".split())
GENERIC = frozenset(
    "item unit product thing piece total combination combine combined together altogether either type kind overall both".split()
)
MAXIMIZE = frozenset(
    "maximize maximise maximizing maximising maximized maximised maximizes maximum highest most maximal largest greatest max increase best".split()
)
MINIMIZE = frozenset(
    "minimize minimise minimizing minimising minimized minimised minimizes minimum lowest least minimal smallest fewest min reduce cheapest decrease".split()
)
