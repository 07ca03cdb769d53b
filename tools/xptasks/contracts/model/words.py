"""Words that generated code must not use as a name: what Python, Swift and TypeScript reserve, and what they shadow.

For types one table over the union of the three languages, so that a type has the same name in all. A word stands
here for one of three reasons: the language reserves it; generated code needs it itself (`Codable`, `BaseModel`, `int`);
or the base class of generated types already has a member of that name (`copy`, `rawValue`).
"""

_PYTHON_KEYWORDS = """
False None True and as assert async await break class continue def del elif else except finally for from global if
import in is lambda nonlocal not or pass raise return try while with yield
"""

_SWIFT_KEYWORDS = """
Any Protocol Self Type actor any as associatedtype async await borrowing break case catch class consume consuming
continue default defer deinit do dynamic else enum extension fallthrough false fileprivate final for func get guard
if import in indirect infix init inout internal is isolated lazy left let macro mutating nil none nonisolated
nonmutating open operator optional override package postfix precedence precedencegroup prefix private protocol
public repeat required rethrows return right self sending set some static struct subscript super switch throw throws
true try typealias unowned var weak where while willSet didSet
"""

_TYPESCRIPT_KEYWORDS = """
abstract any arguments as asserts async await bigint boolean break case catch class const constructor continue
debugger declare default delete do else enum eval export extends false finally for from function get if implements
import in infer instanceof interface intrinsic is keyof let module namespace never new null number object of out
override package private protected public readonly require return satisfies set static string super switch symbol
this throw true try type typeof undefined unique unknown using var void while with yield
"""

_PYTHON_TYPES = """
Annotated AnyUrl ArithmeticError AssertionError AttributeError BaseException BaseModel BufferError Callable ClassVar
ConfigDict Discriminator EOFError Ellipsis Enum Exception Field Final Flag Generic IOError ImportError IndexError
IntEnum IntFlag Iterable Iterator KeyError Literal LookupError Mapping MemoryError Model NameError Never NoReturn
NotImplemented OSError OverflowError PrivateAttr RootModel RuntimeError Sequence StopIteration StrEnum SyntaxError
SystemError SystemExit Tag TimeoutError TypeAdapter TypeAliasType TypeError TypeVar Union ValidationError ValueError
Warning ZeroDivisionError
"""

_SWIFT_TYPES = """
AnyHashable AnyObject Array ArraySlice Bool Bundle CaseIterable Character ClosedRange Codable CodingKey CodingKeys
CodingUserInfoKey Collection Comparable CustomStringConvertible Data Date DateFormatter DateInterval Decimal
Decodable DecodingError Decoder Dictionary Double Duration Encodable EncodingError Encoder Equatable Error Float
Foundation Hashable Hasher ID Identifiable IndexPath Int Int16 Int32 Int64 Int8 IteratorProtocol JSONDecoder
JSONEncoder JSONSerialization KeyPath LosslessStringConvertible Main MainActor Measurement Mirror Never Notification
Operation Optional OptionSet Process Range RawRepresentable RawValue Regex Result Sendable Sequence Set
SingleValueDecodingContainer String Substring Swift Task Thread Timer UInt UInt16 UInt32 UInt64 UInt8 URL URLRequest
URLSession UUID Unit Unicode Void XCTest
"""

_TYPESCRIPT_TYPES = """
Array ArrayBuffer AsyncIterable Awaited BigInt Blob Boolean Capitalize Console Date Document Element Error Event
EventTarget Exclude Extract Fetch File FormData Function Global Headers Infinity InstanceType Intl Iterable JSON Map
Math NaN NonNullable Node Number Object Omit Parameters Partial Performance Pick Promise PropertyKey Proxy Readonly
ReadonlyArray ReadonlyMap ReadonlySet Record Reflect RegExp Request Required Response ReturnType Set Storage String
Symbol TypeError Uint8Array URIError URLSearchParams Uncapitalize Uppercase Lowercase WeakMap WeakRef WeakSet
WebSocket Window Worker
"""

# What generated files define for themselves, in any of the three languages.
_SUPPORT_TYPES = """
Absent Base64Data BinaryData DateOnly DateTime DecimalNumber DecimalText DecodeCheck DecodeError
DecodeFault DecodeMembers Decoder DurationText EmailText IPv4 IPv6 Int32
Int64 Integer IntegerEnum JSONValue Model Number Omittable Presence TimeOnly Uri Uuid
"""

_SWIFT_SUPPORT_TYPES = """
AnyKey Boxed ConstantValue Constants DigitScanner FormattedText JSONEnum NoKeys Nothing
"""

_PYTHON_MEMBERS = """
bool bytes classmethod construct copy dict dt fields float from_orm int json list mro object parse_file parse_obj
parse_raw property register schema schema_json self set str super tuple update_forward_refs validate
"""

_SWIFT_MEMBERS = """
additionalProperties allCases hashValue intValue isKnown rawValue stringValue unknown
"""

TYPE_WORDS = frozenset(
    [
        *_PYTHON_KEYWORDS.split(),
        *_SWIFT_KEYWORDS.split(),
        *_TYPESCRIPT_KEYWORDS.split(),
        *_PYTHON_TYPES.split(),
        *_SWIFT_TYPES.split(),
        *_TYPESCRIPT_TYPES.split(),
        *_SUPPORT_TYPES.split(),
        *_SWIFT_SUPPORT_TYPES.split(),
    ]
)
"""No generated type has one of these names."""

PYTHON_MEMBER_WORDS = frozenset([*_PYTHON_KEYWORDS.split(), *_PYTHON_MEMBERS.split()])
"""No field in Python has one of these names; spelling on the wire is not concerned."""

SWIFT_MEMBER_WORDS = frozenset([*_SWIFT_KEYWORDS.split(), *_SWIFT_MEMBERS.split()])
"""No property or case in Swift has one of these names. TypeScript takes properties as they are on the wire."""
