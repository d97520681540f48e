"""Closed classes of words: what joins, what compares, what only counts."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The blank-separated words of a text."""
    return frozenset(text.split())


STOP = words("""
    a an the this that these those its their his her our your my it they he she we you i them him us is
    are was were be been being am do does did has have had having can could may might must should shall
    will would to of in on at by for from with into onto as than and or but nor if when while whereas
    because since so due each every per both either neither all any some another other one ones such
    same also only just not no n't there here which who whom whose what how many much more most less
    least few fewer then thus therefore however moreover further furthermore additionally addition
    finally respectively 's up out over under about very too make made makes making want wants needs
    need requires require required take takes taking taken use uses used using contain contains
    containing provide provides get gets give gives given yield yields ensure sure order amount number
    quantity total overall , . ; : ? ! ( ) - / " “ ” ' ’ $ € £ % [ ] & * + = < > _
    """)
BREAKS = words(", ; : . ? ! ( ) and or but while whereas if when because since however so although")
UNITS = words("""
    unit hour minute second day week month year kg gram g mg kilogram ounce oz lb pound ton tonne liter
    litre l ml milliliter gallon dollar cent acre foot ft sq square meter metre km mile calorie time
    piece item thing slice cup tablespoon teaspoon scoop serving portion dose batch bottle can box bag
    package pack container person trip
    """)
CONTAINERS = words("item piece thing slice batch bottle can box bag package pack container person trip cup")
MEASURES = UNITS - CONTAINERS
LAND = frozenset(["acre", "hectare", "hour", "day"])
MONEY = words("""
    cost $ dollar spend spent budget price pay paid wage capital expense expensive money fund salary
    bill invest
    """)
GAIN = words("profit earn revenue return income earning sale gain yield interest")
TIME = words("hour minute second day week month year time")
GENERIC = words("""
    item unit product thing piece total combination combine combined together altogether either type
    kind overall both
    """)
MAXIMIZE = words("""
    maximize maximise maximizing maximising maximized maximised maximizes maximum highest most maximal
    largest greatest longest max increase best
    """)
MINIMIZE = words("""
    minimize minimise minimizing minimising minimized minimised minimizes minimum lowest least minimal
    smallest fewest shortest min reduce reduces reducing cheapest decrease
    """)
