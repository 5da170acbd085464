"""The XMP properties that HDR pictures need (Ultra HDR image format 1.1): each is read, checked and written again."""

import re

from lxml import etree

HDRGM = "http://ns.adobe.com/hdr-gain-map/1.0/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

Properties = dict[str, list[str]]
"""The values of each property: one, or one per colour. Empty if it is not a gain map."""

_NUMBER = re.compile(r"[-+]?[0-9.]{1,20}(?:[eE][-+]?[0-9]{1,3})?", re.ASCII)
_PER_COLOUR = ("GainMapMin", "GainMapMax", "Gamma", "OffsetSDR", "OffsetHDR")
_SINGLE = ("Version", "HDRCapacityMin", "HDRCapacityMax")
_SWITCH = "BaseRenditionIsHDR"
_REQUIRED = ("Version", "GainMapMax", "HDRCapacityMax")

# Chromium looks for namespaces at rdf:Description only. GContainer is what exiftool calls this one; decoders go by the
# URI, and by MPF.
_PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="' + _RDF + '">'
    '<rdf:Description rdf:about="" xmlns:hdrgm="' + HDRGM + '"{}>{}</rdf:Description></rdf:RDF></x:xmpmeta>'
)
_CONTAINER = (
    ' xmlns:GContainer="http://ns.google.com/photos/1.0/container/"'
    ' xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
)
_DIRECTORY = (
    "<GContainer:Directory><rdf:Seq>"
    '<rdf:li rdf:parseType="Resource"><GContainer:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/></rdf:li>'
    '<rdf:li rdf:parseType="Resource"><GContainer:Item Item:Semantic="GainMap" Item:Mime="image/jpeg" '
    'Item:Length="{}"/></rdf:li></rdf:Seq></GContainer:Directory>'
)


def read(packet: bytes) -> Properties:
    """Return the properties in a gain map's packet; empty if it is broken or does not describe a gain map."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(packet.strip(b"\0"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return {}
    found: Properties = {}
    for description in root.iter(f"{{{_RDF}}}Description"):
        for name in (*_PER_COLOUR, *_SINGLE, _SWITCH):
            values = _values(description, name)
            if name not in found and values:
                found[name] = values
    return found if all(name in found for name in _REQUIRED) else {}


def of_gain_map(properties: Properties) -> bytes:
    """Return the packet of a gain map."""
    attributes = "".join(
        f' hdrgm:{name}="{values[0]}"' for name, values in sorted(properties.items()) if len(values) == 1
    )
    sequences = "".join(
        f"<hdrgm:{name}><rdf:Seq>{''.join(f'<rdf:li>{value}</rdf:li>' for value in values)}</rdf:Seq></hdrgm:{name}>"
        for name, values in sorted(properties.items())
        if len(values) > 1
    )
    return _PACKET.format(attributes, sequences).encode()


def of_first_image(properties: Properties, size: int) -> bytes:
    """Return the packet of the image in front of a gain map of `size` bytes."""
    version = f' hdrgm:Version="{properties["Version"][0]}"'
    return _PACKET.format(_CONTAINER + version, _DIRECTORY.format(size)).encode()


def _values(description: etree._Element, name: str) -> list[str]:
    """Return the values of a property (attribute, element or sequence); empty if one of them is not valid."""
    element = description.find(f"{{{HDRGM}}}{name}")
    if element is None:
        texts = [description.get(f"{{{HDRGM}}}{name}")]
    else:
        texts = [item.text for item in element.iter(f"{{{_RDF}}}li")] or [element.text]
    values = [(text or "").strip() for text in texts]
    if name == _SWITCH:
        return values if values in (["True"], ["False"]) else []
    expected = (1, 3) if name in _PER_COLOUR else (1,)
    return values if len(values) in expected and all(map(_NUMBER.fullmatch, values)) else []
