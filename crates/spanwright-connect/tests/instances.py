#!/usr/bin/env python3
"""Instances of the global elements of a WSDL or XML Schema, made from its text alone: an oracle that shares no code with us.

    instances.py SCHEMA FOLDER SEED COUNT

writes FOLDER/N.xml, and the schemas themselves as FOLDER/sN.xsd with a driver FOLDER/all.xsd for a validator.
"""
import os
import random
import re
import sys
import xml.etree.ElementTree as ET

XS = "{http://www.w3.org/2001/XMLSchema}"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
DEEP = 6


class Schemas:
    def __init__(self, path):
        self.documents = []  # (root, prefixes, target, qualified, attributes qualified)
        self.named = {}  # (kind, namespace, name) -> (tag, document)
        self.heads = {}
        self.seen = set()
        self.read(os.path.abspath(path), None)
        for document in self.documents:
            for tag in document["root"]:
                kind = tag.tag.replace(XS, "")
                name = tag.get("name")
                if name:
                    kind = "type" if kind in ("complexType", "simpleType") else kind
                    self.named.setdefault((kind, document["target"], name), (tag, document))
                    if kind == "element" and tag.get("substitutionGroup"):
                        head = self.qname(document, tag.get("substitutionGroup"))
                        self.heads.setdefault(head, []).append((document["target"], name))

    def read(self, path, of):
        if (path, of) in self.seen:
            return
        self.seen.add((path, of))
        prefixes = {}
        stack = []
        trees = {}
        events = ET.iterparse(path, events=("start", "start-ns", "end"))
        pending = []
        scope = [{"": "", "xml": "http://www.w3.org/XML/1998/namespace"}]
        root = None
        for event, value in events:
            if event == "start-ns":
                pending.append(value)
            elif event == "start":
                here = dict(scope[-1])
                here.update(dict(pending))
                pending = []
                scope.append(here)
                trees[value] = here
                if root is None:
                    root = value
            else:
                scope.pop()
        tops = [root] if root.tag == XS + "schema" else list(root.iter(XS + "schema"))
        for top in tops:
            target = top.get("targetNamespace") or of or ""
            self.documents.append({
                "root": top, "scopes": trees, "target": target, "chameleon": top.get("targetNamespace") is None and of is not None,
                "qualified": top.get("elementFormDefault") == "qualified", "attributes": top.get("attributeFormDefault") == "qualified",
            })
            for child in top:
                location = child.get("schemaLocation")
                if child.tag in (XS + "import", XS + "include") and location:
                    self.follow(path, location, target if child.tag == XS + "include" else None)
        for child in root.iter("{http://schemas.xmlsoap.org/wsdl/}import"):
            if child.get("location"):
                self.follow(path, child.get("location"), None)

    def follow(self, path, location, of):
        name = location.split("?")[0].rsplit("/", 1)[-1] if "://" in location else location
        other = os.path.normpath(os.path.join(os.path.dirname(path), name))
        if os.path.isfile(other):
            self.read(other, of)

    def qname(self, document, name, tag=None):
        prefix, _, local = name.rpartition(":")
        scope = document["scopes"].get(tag if tag is not None else document["root"], {})
        space = scope.get(prefix, "")
        if not prefix and space == "" and document["chameleon"]:
            space = document["target"]
        return (space, local)

    def find(self, kind, document, tag, name):
        key = self.qname(document, name, tag)
        return key, self.named.get((kind,) + key)


class Making:
    def __init__(self, schemas, seed):
        self.schemas = schemas
        self.random = random.Random(seed)
        self.prefixes = {}
        self.ids = 0

    def maybe(self):
        return self.random.random() < 0.5

    def prefix(self, space):
        return self.prefixes.setdefault(space, "p%d" % len(self.prefixes))

    def name(self, space, local):
        return "{%s}%s" % (space, local) if space else local

    def document(self, space, local):
        tag, document = self.schemas.named[("element", space, local)]
        return self.element(tag, document, space, 0)

    def element(self, tag, document, space, depth):
        made = ET.Element(self.name(space, tag.get("name")))
        if tag.get("nillable") in ("true", "1") and self.random.random() < 0.2 and tag.get("fixed") is None:
            made.set("{%s}nil" % XSI, "true")
            content = self.content_of(tag, document)
            if content is not None and content[0] != "builtin" and content[0].tag == XS + "complexType":
                self.attributes(made, content, depth, only_required=True)
            return made
        if tag.get("fixed") is not None:
            made.text = tag.get("fixed")
            content = self.content_of(tag, document)
            if content is not None and content[0] != "builtin" and content[0].tag == XS + "complexType":
                self.attributes(made, content, depth, True)
            return made
        self.fill(made, tag, document, depth)
        return made

    def content_of(self, tag, document):
        for child in tag:
            if child.tag in (XS + "complexType", XS + "simpleType"):
                return (child, document)
        name = tag.get("type")
        if name is None:
            if tag.get("substitutionGroup"):
                _, found = self.schemas.find("element", document, tag, tag.get("substitutionGroup"))
                return self.content_of(*found) if found else None
            return None
        key, found = self.schemas.find("type", document, tag, name)
        if found:
            return found
        return ("builtin", key[1] if key[0] == XS[1:-1] else "anyType")

    def fill(self, made, tag, document, depth):
        content = self.content_of(tag, document)
        if content is None:
            made.text = "open"
        elif content[0] == "builtin":
            made.text = self.builtin(content[1])
        elif content[0].tag == XS + "simpleType":
            made.text = self.simple(content)
        else:
            if content[0].get("abstract") in ("true", "1"):
                content = self.derived(content)
                space, name = content[1]["target"], content[0].get("name")
                made.set("{%s}type" % XSI, "%s:%s" % (self.prefix(space), name) if space else name)
                made.set("{%s}uses" % XSI, space)
            self.complex(made, content, depth)

    def derived(self, base):
        for (kind, _, _), (tag, document) in sorted(self.schemas.named.items(), key=lambda item: item[0]):
            if kind != "type" or tag.tag != XS + "complexType" or tag.get("abstract") in ("true", "1"):
                continue
            at = (tag, document)
            for _ in range(8):
                how = self.derivation(at[0])
                if how is None:
                    break
                _, at = self.schemas.find("type", at[1], how, how.get("base"))
                if at is None:
                    break
                if at[0] is base[0]:
                    return (tag, document)
        raise Skip("no type derives from " + str(base[0].get("name")))

    def derivation(self, tag):
        for content in tag:
            if content.tag in (XS + "complexContent", XS + "simpleContent"):
                for how in content:
                    if how.tag in (XS + "extension", XS + "restriction"):
                        return how
        return None

    def complex(self, made, content, depth):
        self.attributes(made, content, depth)
        self.inside(made, content, depth)

    def inside(self, made, content, depth):
        tag, document = content
        how = self.derivation(tag)
        if how is None:
            self.models(made, tag, document, depth)
            return
        key, base = self.schemas.find("type", document, how, how.get("base"))
        simple = any(child.tag == XS + "simpleContent" for child in tag)
        if simple:
            if how.tag == XS + "restriction" and any(child.tag.replace(XS, "") in FACETS for child in how):
                made.text = self.simple_of(how, document, base, key)
            elif base is None:
                made.text = self.builtin(key[1])
            elif base[0].tag == XS + "simpleType":
                made.text = self.simple(base)
            else:
                self.inside(made, base, depth)
            return
        if how.tag == XS + "extension" and base is not None:
            self.inside(made, base, depth)
        self.models(made, how, document, depth)

    def models(self, made, tag, document, depth):
        for child in tag:
            if child.tag in (XS + "sequence", XS + "choice", XS + "all", XS + "group"):
                self.particle(made, child, document, depth)

    def count(self, tag, depth):
        least = int(tag.get("minOccurs", "1"))
        most = tag.get("maxOccurs", "1")
        most = least + 2 if most == "unbounded" else min(int(most), least + 2)
        if depth > DEEP or most <= least:
            return least
        return self.random.randint(least, most)

    def particle(self, made, tag, document, depth):
        for _ in range(self.count(tag, depth)):
            kind = tag.tag.replace(XS, "")
            parts = [child for child in tag if child.tag.replace(XS, "") in ("element", "any", "sequence", "choice", "all", "group")]
            if kind in ("sequence", "all"):
                for part in parts:
                    self.particle(made, part, document, depth)
            elif kind == "choice" and parts:
                easy = [part for part in parts if depth > DEEP and int(part.get("minOccurs", "1")) == 0]
                self.particle(made, self.random.choice(easy or parts), document, depth)
            elif kind == "group":
                _, found = self.schemas.find("group", document, tag, tag.get("ref"))
                for child in found[0]:
                    if child.tag in (XS + "sequence", XS + "choice", XS + "all"):
                        self.particle(made, child, found[1], depth)
            elif kind == "any":
                self.any(made, tag, document)
            elif kind == "element":
                self.child(made, tag, document, depth)

    def any(self, made, tag, document):
        wanted = tag.get("namespace", "##any")
        if tag.get("processContents", "strict") == "strict" or wanted not in ("##any", "##other"):
            if int(tag.get("minOccurs", "1")) > 0:
                raise Skip("open content that must be declared")
            return
        other = ET.SubElement(made, "{urn:test:open}Open%d" % self.random.randint(0, 2))
        other.text = "x"

    def child(self, made, tag, document, depth):
        if depth > 30:
            raise Skip("too deep")
        if tag.get("ref"):
            key, found = self.schemas.find("element", document, tag, tag.get("ref"))
            if found is None:
                raise Skip("an element that is declared elsewhere")
            if found[0].get("abstract") in ("true", "1") or (key in self.schemas.heads and self.maybe()):
                some = [one for one in self.schemas.heads.get(key, []) if self.schemas.named[("element",) + one][0].get("abstract") not in ("true", "1")]
                if not some:
                    raise Skip("nothing stands in for " + key[1])
                key = self.random.choice(some)
                found = self.schemas.named[("element",) + key]
            made.append(self.element(found[0], found[1], key[0], depth + 1))
            return
        form = tag.get("form") or ("qualified" if document["qualified"] else "unqualified")
        made.append(self.element(tag, document, document["target"] if form == "qualified" else "", depth + 1))

    def attributes(self, made, content, depth, only_required=False):
        tag, document = content
        how = self.derivation(tag)
        holder = tag
        if how is not None:
            holder = how
            _, base = self.schemas.find("type", document, how, how.get("base"))
            if base is not None and base[0].tag == XS + "complexType":
                self.attributes(made, base, depth, only_required)
        self.own_attributes(made, holder, document, only_required)

    def own_attributes(self, made, holder, document, only_required):
        for child in holder:
            if child.tag == XS + "attributeGroup":
                _, found = self.schemas.find("attributeGroup", document, child, child.get("ref"))
                if found:
                    self.own_attributes(made, found[0], found[1], only_required)
            if child.tag != XS + "attribute":
                continue
            space, tag, of = "", child, document
            if child.get("ref"):
                key, found = self.schemas.find("attribute", document, child, child.get("ref"))
                if found is None:
                    continue
                (space, _), (tag, of) = key, found
            elif (child.get("form") or ("qualified" if document["attributes"] else "")) == "qualified":
                space = document["target"]
            name = self.name(space, tag.get("name"))
            if child.get("use") == "prohibited":
                made.attrib.pop(name, None)
                continue
            if child.get("use") != "required" and (only_required or not self.maybe()):
                continue
            fixed = child.get("fixed") or tag.get("fixed")
            content = self.content_of(tag, of)
            if fixed is not None:
                made.set(name, fixed)
            elif content is None:
                made.set(name, "a")
            elif content[0] == "builtin":
                made.set(name, self.builtin(content[1]))
            else:
                made.set(name, self.simple(content))

    def simple(self, content):
        tag, document = content
        for how in tag:
            kind = how.tag.replace(XS, "")
            if kind == "restriction":
                key, base = (None, None)
                if how.get("base"):
                    key, base = self.schemas.find("type", document, how, how.get("base"))
                return self.simple_of(how, document, base, key)
            if kind == "list":
                inner = [child for child in how if child.tag == XS + "simpleType"]
                one = lambda: self.simple((inner[0], document)) if inner else self.by_name(how, document, how.get("itemType"))
                # Blanks part the items of a list, so that those inside of one mean nothing else.
                return " ".join(" ".join(one().split()) or "x" for _ in range(self.random.randint(1, 3)))
            if kind == "union":
                inner = [child for child in how if child.tag == XS + "simpleType"]
                names = (how.get("memberTypes") or "").split()
                if inner and (not names or self.maybe()):
                    return self.simple((self.random.choice(inner), document))
                return self.by_name(how, document, self.random.choice(names))
        return "x"

    def by_name(self, tag, document, name):
        key, found = self.schemas.find("type", document, tag, name)
        return self.simple(found) if found else self.builtin(key[1])

    def simple_of(self, how, document, base, key):
        facets = {}
        for child in how:
            facets.setdefault(child.tag.replace(XS, ""), []).append(child.get("value"))
        if "enumeration" in facets:
            return self.random.choice(facets["enumeration"])
        if "pattern" in facets:
            raise Skip("a pattern")
        inner = [child for child in how if child.tag == XS + "simpleType"]
        made = self.simple((inner[0], document)) if inner else (self.simple(base) if base and base[0].tag == XS + "simpleType" else self.builtin(key[1] if key else "string"))
        number = lambda name: [float(value) for value in facets.get(name, [])]
        low = number("minInclusive") + [value + 1 for value in number("minExclusive")]
        if low and re.fullmatch(r"-?[0-9.]+", made) and float(made) < low[0]:
            made = "%d" % int(low[0])
        high = number("maxInclusive") + [value - 1 for value in number("maxExclusive")]
        if high and re.fullmatch(r"-?[0-9.]+", made) and float(made) > high[0]:
            made = "%d" % int(high[0])
        if "fractionDigits" in facets and "." in made:
            made = made[: made.index(".") + 1 + int(facets["fractionDigits"][0])].rstrip(".")
        if "totalDigits" in facets and len(re.sub(r"[^0-9]", "", made)) > int(facets["totalDigits"][0]):
            made = "1"
        is_text = re.fullmatch(r"-?[0-9.:TZ+-]*", made) is None or made == "" or (key is not None and key[1] in ("string", "token", "normalizedString"))
        length = facets.get("length") or facets.get("minLength")
        if length and is_text and len(made) < int(length[0]):
            made = (made + "x" * int(length[0]))[: int(length[0])]
        most = facets.get("length") or facets.get("maxLength")
        if most and is_text and len(made) > int(most[0]):
            made = made[: int(most[0])]
        return made

    def builtin(self, name):
        pick = self.random.choice
        if name in ("ID",):
            self.ids += 1
            return "id%d" % self.ids
        if name in ("IDREF", "IDREFS", "ENTITY", "ENTITIES", "NOTATION"):
            raise Skip("a reference")
        return pick(VALUES.get(name, ["x"]))


FACETS = {"enumeration", "pattern", "length", "minLength", "maxLength", "minInclusive", "maxInclusive", "minExclusive", "maxExclusive", "totalDigits", "fractionDigits"}
VALUES = {
    "string": ["", " two  words ", "<&>\"'", "\u00fc\u20ac\U0001d11e ]]>", "00501", "a\nb"],
    "normalizedString": ["a b", "x"], "token": ["a", "b c"], "anySimpleType": ["x"], "anyType": ["x"],
    "boolean": ["true", "false"], "decimal": ["0", "-12.50", "12345678901234.5600", "0.0001"], "float": ["1.5", "-2", "NaN", "INF"],
    "double": ["1.5", "-2", "-INF"], "integer": ["0", "-7", "123456789012345678901234567890"], "long": ["0", "9223372036854775807", "-9223372036854775808"],
    "int": ["0", "-7", "2147483647"], "short": ["0", "-7", "32767"], "byte": ["0", "-7", "127"], "unsignedLong": ["0", "18446744073709551615"],
    "unsignedInt": ["0", "4294967295"], "unsignedShort": ["0", "65535"], "unsignedByte": ["0", "255"], "nonNegativeInteger": ["0", "12"],
    "positiveInteger": ["1", "12"], "nonPositiveInteger": ["0", "-3"], "negativeInteger": ["-1"], "date": ["2026-11-22", "2001-02-03+02:00"],
    "time": ["08:00:00", "08:00:00.5Z"], "dateTime": ["2026-11-22T08:00:00", "2026-11-22T08:00:00.5Z"], "duration": ["P1DT2H", "PT0.5S"],
    "gYear": ["2026"], "gYearMonth": ["2026-11"], "gMonth": ["--11"], "gMonthDay": ["--11-22"], "gDay": ["---22"], "anyURI": ["urn:a", "http://x/y?z=1"],
    "base64Binary": ["", "aGVsbG8="], "hexBinary": ["0AFF"], "language": ["de", "en-GB"], "Name": ["a:b"], "NCName": ["a-1"], "NMTOKEN": ["1a"],
    "NMTOKENS": ["a b"], "QName": ["a"],
}


class Skip(Exception):
    pass


def write_schemas(schemas, folder):
    """The schemas as files of their own, each with what its ancestors declare, and one that imports all of them."""
    spaces = {}
    for n, document in enumerate(schemas.documents):
        spaces.setdefault(document["target"], []).append(n)
    for n, document in enumerate(schemas.documents):
        root = document["root"]
        for child in list(root):
            if child.tag in (XS + "import", XS + "include"):
                root.remove(child)
        for space in sorted(spaces):
            if space != document["target"] and space:
                child = ET.Element(XS + "import", {"namespace": space, "schemaLocation": "g%d.xsd" % sorted(spaces).index(space)})
                root.insert(0, child)
    for group, space in enumerate(sorted(spaces)):
        members = spaces[space]
        # Prefixes in values must stay what they were: they are declared under their own names.
        lines = []
        for n in members:
            document = schemas.documents[n]
            scope = document["scopes"][document["root"]]
            text = serialise(document["root"], {prefix: uri for prefix, uri in scope.items() if uri}, document)
            open(os.path.join(folder, "s%d.xsd" % n), "w", encoding="utf-8").write(text)
            lines.append('<xs:include schemaLocation="s%d.xsd"/>' % n)
        target = ' targetNamespace="%s"' % escape(space) if space else ""
        body = "".join(lines)
        open(os.path.join(folder, "g%d.xsd" % group), "w", encoding="utf-8").write('<xs:schema xmlns:xs="%s"%s>%s</xs:schema>' % (XS[1:-1], target, body))
    imports = "".join('<xs:import%s schemaLocation="g%d.xsd"/>' % (' namespace="%s"' % escape(space) if space else "", group) for group, space in enumerate(sorted(spaces)))
    open(os.path.join(folder, "all.xsd"), "w", encoding="utf-8").write('<xs:schema xmlns:xs="%s" targetNamespace="urn:test:driver">%s</xs:schema>' % (XS[1:-1], imports))


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;").replace("\r", "&#13;")


def serialise(tag, declared, document):
    """By hand, so that prefixes inside of values keep their meaning."""
    scope = document["scopes"].get(tag, {})
    own = {prefix: uri for prefix, uri in scope.items() if uri and prefix != "xml" and declared.get(prefix) != uri} if tag is not document["root"] else {p: u for p, u in declared.items() if p != "xml"}
    space, local = tag.tag[1:].split("}") if tag.tag.startswith("{") else ("", tag.tag)
    out = "<zz:%s xmlns:zz=\"%s\"" % (local, escape(space)) if space else "<" + local
    for prefix, uri in sorted(own.items()):
        out += ' xmlns%s="%s"' % (":" + prefix if prefix else "", escape(uri))
    for name, value in tag.attrib.items():
        if not name.startswith("{"):
            out += ' %s="%s"' % (name, escape(value))
    inner = dict(declared)
    inner.update(own)
    body = "".join(serialise(child, inner, document) for child in tag if child.tag is not ET.Comment and isinstance(child.tag, str) and child.tag.startswith(XS) and child.tag != XS + "annotation")
    return out + ">" + body + ("</zz:%s>" % local if space else "</%s>" % local)


def main():
    path, folder, seed, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    schemas = Schemas(path)
    roots = sorted(key[1:] for key in schemas.named if key[0] == "element" and schemas.named[key][0].get("abstract") not in ("true", "1"))
    made = 0
    chooser = random.Random(seed)
    for attempt in range(count * 4):
        if made >= count or not roots:
            break
        space, local = roots[attempt % len(roots)] if len(roots) <= count else chooser.choice(roots)
        making = Making(schemas, seed * 100003 + attempt)
        try:
            tree = making.document(space, local)
        except (Skip, RecursionError):
            continue
        uses = {}
        for element in tree.iter():
            use = element.attrib.pop("{%s}uses" % XSI, None)
            if use:
                uses[making.prefix(use)] = use
        text = ET.tostring(tree, encoding="unicode")
        declarations = "".join(' xmlns:%s="%s"' % (prefix, escape(uri)) for prefix, uri in uses.items())
        text = re.sub(r"^<([^\s/>]+)", lambda match: "<" + match.group(1) + declarations, text, count=1)
        open(os.path.join(folder, "%d.xml" % made), "w", encoding="utf-8").write(text)
        made += 1
    write_schemas(schemas, folder)
    print(made)


if __name__ == "__main__":
    sys.setrecursionlimit(3000)
    main()
