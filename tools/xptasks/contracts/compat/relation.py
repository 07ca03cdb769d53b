"""Is every instance that is valid under one schema valid under another? Yes, no with a witness, or unknown.

*Yes* is proven on the normal form: recursion by coinduction (what is being proven may be used below a member or
an item), remembered by pair of schemas. Where a proof fails it names instances that should show why; *no* is said
only when the validator accepts one under the first schema and rejects it under the second. All else is unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, islice
from typing import Any, Literal

from xptasks.contracts.compat.normal import Normalizer, Part, Range, both, divides
from xptasks.contracts.compat.schemas import HIDDEN, NOTHING, Schema, Table
from xptasks.contracts.compat.witness import Judge, Maker, numbers, texts

Answer = Literal["yes", "no", "unknown"]

_MOST = 12  # candidates that a failed proof hands on
_MANY_VALUES = 5_000  # of an enum that are checked one by one
_TRIED = 60  # candidates that the judge looks at
_DEEPEST = 120  # pairs that wait for each other


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer; `witness` is valid under the first schema only (meaningful with `no`)."""

    answer: Answer
    witness: Any = None


@dataclass(frozen=True, slots=True)
class _Proof:
    holds: bool
    candidates: tuple[Any, ...] = ()
    lowest: int = 10**9  # the outermost open pair that was taken for granted


_HOLDS = _Proof(holds=True)


class Relation:
    """Compares schemas of one table.

    Args:
        table: where the schemas come from.
        formal: takes schemas by the letter. Else a sender is held to send nothing that its schema does not name
            and to mean one branch of its `oneOf`, as contracts are written.
    """

    def __init__(self, table: Table, *, formal: bool = False) -> None:
        self.table = table
        self._formal = formal
        self.normalizer = Normalizer(table)
        self.maker = Maker(self.normalizer)
        self.judge = Judge(table)
        self._proofs: dict[tuple[str, str, bool], _Proof] = {}
        self._verdicts: dict[tuple[str, str], Verdict] = {}
        self._open: dict[tuple[str, str, bool], int] = {}

    def compare(self, one: Schema, two: Schema) -> Verdict:
        """Whether all instances of the first schema are instances of the second."""
        key = (one.key, two.key)
        if key not in self._verdicts:
            proof = self._prove(one, two)
            self._verdicts[key] = Verdict("yes") if proof.holds else self._refute(one, two, proof.candidates)
        return self._verdicts[key]

    def _refute(self, one: Schema, two: Schema, candidates: tuple[Any, ...]) -> Verdict:
        more = self.maker.instances(one)
        for candidate in islice((*candidates, *more), _TRIED):
            if self.judge.accepts(two, candidate) is False and self.judge.accepts(one, candidate):
                return Verdict("no", candidate)
        return Verdict("unknown")

    def several(self, schema: Schema) -> list[Any]:
        """A few instances of a schema, longer and fuller ones too; not all of them have to be valid."""
        normal = self.normalizer.normal(schema)
        longer = [value for part in normal.get("array", ()) for value in self._of_lengths(part, part)]
        fuller = [value for part in normal.get("object", ()) for value in self._with_free_name(part)]
        return [*self.maker.instances(schema), *longer, *fuller]

    def _prove(self, one: Schema, two: Schema) -> _Proof:
        if two.key in (one.key, "{}"):
            return _HOLDS
        key = (one.key, two.key, self._formal)
        if key in self._proofs:
            return self._proofs[key]
        if key in self._open:
            return _Proof(holds=True, lowest=self._open[key])
        if len(self._open) > _DEEPEST:
            return _Proof(holds=False)
        depth = self._open[key] = len(self._open)
        proof = self._prove_kinds(one, two)
        del self._open[key]
        if not proof.holds or proof.lowest >= depth:
            # A yes that leans on a pair that is still open may fall with it: it is found again when asked again.
            proof = _Proof(proof.holds, proof.candidates)
            self._proofs[key] = proof
        return proof

    def _prove_kinds(self, one: Schema, two: Schema) -> _Proof:
        left, right = self.normalizer.normal(one), self.normalizer.normal(two)
        proofs = [self._prove_part(part, right.get(kind, ()), two) for kind, parts in left.items() for part in parts]
        return _all(proofs)

    def _prove_part(self, part: Part, others: tuple[Part, ...], two: Schema) -> _Proof:
        if any(other.plain for other in others):
            return _HOLDS
        if part.values is not None and len(part.values) <= _MANY_VALUES:
            return self._prove_values(part, two)
        if part.kind == "boolean" and others:
            return self._prove_values(Part("boolean", {"true": True, "false": False}), two)
        if part in others:
            return _HOLDS
        tried: list[_Proof] = []
        for other in others:
            proof = self._inside(part, other)
            if proof.holds:
                return proof
            tried.append(proof)
        candidates = [candidate for proof in tried for candidate in proof.candidates]
        lowest = min((proof.lowest for proof in tried), default=10**9)
        return _Proof(False, (*candidates, *islice(self.maker.of_part(part), 3))[:_MOST], lowest)  # noqa: FBT003

    def _prove_values(self, part: Part, two: Schema) -> _Proof:
        refused = [value for value in (part.values or {}).values() if self.judge.accepts(two, value) is not True]
        return _Proof(holds=False, candidates=tuple(refused[:_MOST])) if refused else _HOLDS

    def _inside(self, one: Part, two: Part) -> _Proof:
        """Whether all values of a part are values of another one of the same type."""
        if two.values is not None:
            return _Proof(holds=False, candidates=tuple(self._beside(one, two)))
        proofs = list(self._checks(one, two))
        proofs.extend(
            _Proof(holds=False, candidates=tuple(islice(self._opaque_candidates(one, schema), _MOST // 2)))
            for key, schema in two.opaque.items()
            if key not in one.opaque and not self._implied(one, schema)
        )
        return _all(proofs)

    def _beside(self, one: Part, two: Part) -> Iterator[Any]:
        taken = list((two.values or {}).values())
        yield from islice((value for value in self.maker.of_part(one) if value not in taken), 3)

    def _opaque_candidates(self, one: Part, schema: Schema) -> Iterator[Any]:
        """Values of the part that are likely to break a condition."""
        for part in (*self._settled(one), one):
            yield from self._breaking(part, schema)

    def _settled(self, one: Part) -> Iterator[Part]:
        """The part as if all that it asks for under conditions were asked for always: its values meet them."""
        known = one.opaque.values()
        names = {name for each in known for needed in each.get("dependentRequired", {}).values() for name in needed}
        wanted = [each["then"] for each in known if "then" in each]
        wanted += [inner for each in known for inner in each.get("dependentSchemas", {}).values()]
        parts = [replace(one, required=one.required | names)] if names or wanted else []
        for schema in wanted:
            parts = self._met(parts, schema)
        yield from parts

    def _met(self, parts: list[Part], schema: Schema) -> list[Part]:
        """What parts of one type have in common with a schema."""
        others = [other for part in parts[:1] for other in self.normalizer.normal(schema).get(part.kind, ())]
        met = (self.normalizer.meet(part, other) for part in parts for other in others)
        return list(islice((part for part in met if part is not None), _MOST))

    def _breaking(self, one: Part, schema: Schema) -> Iterator[Any]:
        for word in ("not", "if", "contentSchema"):
            if word in schema:
                yield from self._values_of_both(one, schema[word])
        yield from self._dependents(one, schema)
        for first, second in combinations(schema.get("oneOf", ())[:4], 2):
            yield from islice(self._values_of_both(one, both(first, second)), 2)
        if "unevaluatedProperties" in schema and one.kind == "object":
            yield from self._with_free_name(one)
        if "unevaluatedItems" in schema and one.kind == "array":
            yield from self._of_lengths(one, Part("array", size=Range(0, len(one.prefix))))
        yield from self.maker.of_part(one)

    def _values_of_both(self, one: Part, schema: Schema) -> Iterator[Any]:
        for part in self._met([one], schema):
            yield from islice(self.maker.of_part(part), 3)

    def _with_free_name(self, one: Part) -> Iterator[Any]:
        for name in islice((name for name in self.maker.new_names(one) if name not in one.properties), 2):
            try:
                yield self.maker.object(one, 0, {name: self.maker.one(one.member(name))})
            except LookupError:
                continue

    def _dependents(self, one: Part, schema: Schema) -> Iterator[Any]:
        for word in ("dependentRequired", "dependentSchemas"):
            for name in schema.get(word, ()):
                try:
                    yield self.maker.object(one, 0, {name: self.maker.one(one.member(name))})
                except LookupError:
                    continue

    def _implied(self, one: Part, schema: Schema) -> bool:  # noqa: PLR0911 - one answer per keyword
        """Whether a condition follows from what is known of the part."""
        if "unevaluatedProperties" in schema or "unevaluatedItems" in schema:
            return False
        if "not" in schema:
            return self._never(one, schema["not"])
        if "oneOf" in schema:
            return any(self._same_branches(known, schema) for known in one.opaque.values() if "oneOf" in known)
        if "dependentRequired" in schema:
            return all(
                set(needed) <= one.required or self._without_member(one, name)
                for name, needed in schema["dependentRequired"].items()
            )
        if "contentSchema" in schema:
            return any(
                "contentSchema" in known and self._prove(known["contentSchema"], schema["contentSchema"]).holds
                for known in one.opaque.values()
            )
        if "if" in schema:
            same = any("if" in known and self._same_condition(known, schema) for known in one.opaque.values())
            return same or self._follows(one, schema)
        if "dependentSchemas" in schema:
            return all(self._depends(one, name, inner) for name, inner in schema["dependentSchemas"].items())
        return False

    def _depends(self, one: Part, name: str, inner: Schema) -> bool:
        """Whether all values of a part that have a member satisfy a schema."""
        for known in one.opaque.values():
            if name in known.get("dependentSchemas", ()):
                had = self._met([one], known["dependentSchemas"][name])
                if all(self._part_in(part, inner) for part in had):
                    return True
        return self._without_member(one, name) or self._part_in(replace(one, required=one.required | {name}), inner)

    def _without_member(self, one: Part, name: str) -> bool:
        return self.normalizer.empty(one.member(name)) or not self.normalizer.may_be_named(one, name)

    def _follows(self, one: Part, schema: Schema) -> bool:
        """Whether a condition holds for a part, looked at apart where its `if` holds and where it does not."""
        condition = self.normalizer.normal(schema["if"]).get(one.kind, ())
        if "then" in schema:
            met = (self.normalizer.meet(one, part) for part in condition)
            if not all(self._part_in(part, schema["then"]) for part in met if part is not None):
                return False
        if "else" in schema:
            others = self.normalizer.outside(one, schema["if"])
            return all(self._part_in(part, schema["else"]) for part in others)
        return True

    def _part_in(self, part: Part, schema: Schema) -> bool:
        """Whether a part is inside of what a condition asks for: by the letter, since nobody sends a condition."""
        formal, self._formal = self._formal, True
        holds = self._prove_part(part, self.normalizer.normal(schema).get(part.kind, ()), schema).holds
        self._formal = formal
        return holds

    def _never(self, one: Part, excluded: Schema) -> bool:
        for known in one.opaque.values():
            if "not" in known and self._prove(excluded, known["not"]).holds:
                return True
        return all(
            self.normalizer.meet(one, part) is None for part in self.normalizer.normal(excluded).get(one.kind, ())
        )

    def _same_branches(self, one: Schema, two: Schema) -> bool:
        """Whether each branch of a `oneOf` is one of the other: who sends one of them means no further one.

        Formally the two have to have equal branches, as many on both sides.
        """
        known, others = {branch.key for branch in one["oneOf"]}, {branch.key for branch in two["oneOf"]}
        left = [branch for branch in one["oneOf"] if branch.key not in others]
        right = [branch for branch in two["oneOf"] if branch.key not in known]
        if self._formal and (len(left) != len(right) or len(one["oneOf"]) != len(two["oneOf"])):
            return False
        fits = self._equal if self._formal else self._holds
        return _matched([[index for index, other in enumerate(right) if fits(branch, other)] for branch in left])

    def _holds(self, one: Schema, two: Schema) -> bool:
        return self._prove(one, two).holds

    def _same_condition(self, one: Schema, two: Schema) -> bool:
        return self._equal(one["if"], two["if"]) and all(
            word not in two or (word in one and self._prove(one[word], two[word]).holds) for word in ("then", "else")
        )

    def _equal(self, one: Schema, two: Schema) -> bool:
        return self._prove(one, two).holds and self._prove(two, one).holds

    def _checks(self, one: Part, two: Part) -> Iterator[_Proof]:
        if one.kind == "number":
            yield _checked(_number_inside(one, two), numbers(one, two))
        elif one.kind == "string":
            inside = one.size.inside(two.size) and two.patterns <= one.patterns and two.formats <= one.formats
            yield _checked(inside, texts(one, two))
        elif one.kind == "array":
            yield from self._array(one, two)
        elif one.kind == "object":
            yield from self._object(one, two)

    def _array(self, one: Part, two: Part) -> Iterator[_Proof]:
        if not one.size.inside(two.size):
            yield _Proof(False, tuple(self._of_lengths(one, two)))  # noqa: FBT003
        if two.unique and not one.unique and not (one.size.high is not None and one.size.high <= 1):
            yield _Proof(False, tuple(self._repeated(one)))  # noqa: FBT003
        for wanted in two.contains:
            if not any(self._contains_more(known, wanted) for known in one.contains):
                yield _Proof(False, tuple(self._of_lengths(one, two)))  # noqa: FBT003
        for index in range(max(len(one.prefix), len(two.prefix)) + 1):
            if one.size.high is None or index < one.size.high:
                proof = self._prove(one.item(index), two.item(index))
                yield proof if proof.holds else self._lifted(proof, lambda v, i=index: self._with_item(one, i, v))

    def _contains_more(self, one: Any, two: Any) -> bool:  # noqa: ANN401 - Contains
        fewer = two.least == 0 or (one.least >= two.least and self._prove(one.schema, two.schema).holds)
        more = two.most is None or (
            one.most is not None and one.most <= two.most and self._prove(two.schema, one.schema).holds
        )
        return fewer and more

    def _of_lengths(self, one: Part, two: Part) -> Iterator[Any]:
        limits = (two.size.low, two.size.high, one.size.low, one.size.high, 1, len(two.contains))
        lengths = sorted({int(limit) + step for limit in limits if limit is not None for step in (-1, 0, 1, 2)})
        lengths += [item.least for item in one.contains] + [item.most + 1 for item in two.contains if item.most]
        for length in lengths:
            if length >= 0 and Range(length, length).inside(one.size):
                try:
                    yield self.maker.array(one, length)
                except LookupError:
                    continue
        for item in two.contains:
            yield from self._repeated(one, self.maker.instances(item.schema))

    def _repeated(self, one: Part, values: list[Any] | None = None) -> Iterator[Any]:
        least = max(int(one.size.low or 0), 2)
        for value in values if values is not None else self.maker.instances(one.rest):
            for length in (least, least + 1, least + 3):
                yield [value] * length

    def _with_item(self, one: Part, index: int, value: Any) -> Any:  # noqa: ANN401
        items = self.maker.array(one, max(int(one.size.low or 0), index + 1))
        items[index] = value
        return items

    def _object(self, one: Part, two: Part) -> Iterator[_Proof]:
        for name in sorted(two.required - one.required - _hidden(one) - _hidden(two)):
            yield _Proof(False, tuple(self._without(one, name)))  # noqa: FBT003
        if not _count(one).inside(two.size):
            yield _Proof(False, tuple(self._of_counts(one, two)))  # noqa: FBT003
        # Who writes `one` does not send what it does not name, unless it says what such members are.
        unnamed = two.properties if one.additional.key != "{}" or self._formal else ()
        for name in dict.fromkeys((*unnamed, *one.properties)):
            yield self._member(one, name, one.member(name), two.member(name))
        yield from self._patterns(one, two)
        yield self._member(one, _free_name(one, two), one.additional, two.additional)
        proof = self._prove(one.names, two.names)
        yield (
            proof
            if proof.holds or _closed(one)
            else self._lifted(proof, lambda v: self.maker.object(one, 0, {v: self.maker.one(one.member(v))}))
        )

    def _patterns(self, one: Part, two: Part) -> Iterator[_Proof]:
        for pattern in dict.fromkeys((*two.patterned, *one.patterned)):
            left = one.patterned.get(pattern, one.additional)
            right = [two.patterned[pattern]] if pattern in two.patterned else [*two.patterned.values(), two.additional]
            if left.key == NOTHING.key:
                continue
            names = self.maker.new_names(Part("object", patterned={pattern: left}))
            yield self._member(one, next(names), left, both(*right))

    def _member(self, one: Part, name: str, left: Schema, right: Schema) -> _Proof:
        if left.key == NOTHING.key or HIDDEN.key in (left.key, right.key):
            return _HOLDS
        proof = self._prove(left, right)
        return proof if proof.holds else self._lifted(proof, lambda v: self.maker.object(one, 0, {name: v}))

    def _lifted(self, proof: _Proof, put: Any) -> _Proof:  # noqa: ANN401 - from value to value
        return _Proof(False, tuple(_puts(proof.candidates, put)), proof.lowest)  # noqa: FBT003

    def _without(self, one: Part, name: str) -> Iterator[Any]:
        for candidate in islice(self.maker.of_part(one), 2):
            yield {key: value for key, value in candidate.items() if key != name}

    def _of_counts(self, one: Part, two: Part) -> Iterator[Any]:
        yield from islice(self.maker.of_part(one), 2)
        for limit in (two.size.low, two.size.high):
            for count in (limit - 1, limit + 1) if limit is not None else ():
                made: dict[str, Any] = {}
                try:
                    for name in (*sorted(one.required), *islice(self.maker.new_names(one), 60)):
                        if len(made) < count:
                            made[name] = self.maker.one(one.member(name), 1)
                except LookupError:
                    continue
                yield made


def _puts(candidates: tuple[Any, ...], put: Any) -> Iterator[Any]:  # noqa: ANN401
    for candidate in candidates:
        try:
            yield put(candidate)
        except (LookupError, TypeError):
            continue


def _all(proofs: list[_Proof]) -> _Proof:
    failed = [proof for proof in proofs if not proof.holds]
    lowest = min((proof.lowest for proof in proofs), default=10**9)
    if not failed:
        return _Proof(holds=True, lowest=lowest)
    share = max(2, _MOST // len(failed))
    candidates = [candidate for proof in failed for candidate in proof.candidates[:share]]
    return _Proof(False, tuple(candidates[:_MOST]), lowest)  # noqa: FBT003


def _checked(inside: bool, candidates: Iterator[Any]) -> _Proof:  # noqa: FBT001
    return _HOLDS if inside else _Proof(holds=False, candidates=tuple(islice(candidates, _MOST)))


def _number_inside(one: Part, two: Part) -> bool:
    if two.integer and not one.integer:
        return False
    steps = one.multiples or (frozenset([1]) if one.integer else frozenset())
    fits = all(any(divides(wanted, step) for step in steps) for wanted in two.multiples)
    return fits and one.range.inside(two.range)


def _closed(part: Part) -> bool:
    return part.additional.key == NOTHING.key and not part.patterned


def _count(part: Part) -> Range:
    most = part.size.high
    if _closed(part):
        count = len([name for name in part.properties if part.properties[name].key != NOTHING.key])
        most = count if most is None else min(most, count)
    return Range(max(part.size.low or 0, len(part.required)), most)


def _matched(choices: list[list[int]]) -> bool:
    """Whether everyone can have one of the choices, no two the same one."""
    taken: dict[int, int] = {}

    def place(who: int, tried: set[int]) -> bool:
        for choice in choices[who]:
            if choice not in tried:
                tried.add(choice)
                if choice not in taken or place(taken[choice], tried):
                    taken[choice] = who
                    return True
        return False

    return all(place(who, set()) for who in range(len(choices)))


def _hidden(part: Part) -> set[str]:
    return {name for name, schema in part.properties.items() if schema.key == HIDDEN.key}


def _free_name(one: Part, two: Part) -> str:
    taken = {*one.properties, *two.properties}
    return next(name for name in ("extra", "other", "_extra_") if name not in taken)


def _kind_only(part: Part) -> Schema:
    return Schema({"type": part.kind})
