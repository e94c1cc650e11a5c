//! Python values to JSON and back.
//!
//! What JSON cannot hold is refused with the path of its place. Types are not judged here: that
//! `quantity` is a number is for the core's schema to say.

use faststar::schema::MAX_DEPTH;
use faststar::{Error, error::code};
use pyo3::exceptions::{PyRecursionError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PyMappingMethods,
    PyMemoryView, PySequence, PyString, PyTuple,
};
use serde_json::{Map, Number, Value};

use crate::error::raise;
use crate::results;

/// A value that JSON cannot hold, and where it stands, from the inside out.
struct Unfit {
    code: &'static str,
    message: String,
    path: Vec<Segment>,
}

enum Segment {
    Key(String),
    Index(usize),
}

/// Turns what a user gave into JSON.
///
/// # Errors
///
/// `invalid_type`, `out_of_range`, `invalid_string`, `invalid_value` or `nesting_too_deep`, with the
/// path of the place.
pub fn to_json(object: &Bound<'_, PyAny>) -> Result<Value, Error> {
    convert(object)
}

/// Turns what a user gave into a JSON text, in which an integer may have any number of digits.
///
/// # Errors
///
/// Those of [`to_json`].
pub fn to_text(object: &Bound<'_, PyAny>) -> Result<String, Error> {
    convert(object).map(|Text(text)| text)
}

/// What Python values are turned into.
trait Json: Sized {
    fn leaf(value: Value) -> Self;
    /// An integer beyond 64 bits, by its digits; `None` where there is no place for one.
    fn digits(digits: String) -> Option<Self>;
    fn list(items: Vec<Self>) -> Self;
    fn object(fields: Vec<(String, Self)>) -> Self;
    /// What is JSON already.
    fn text(text: String) -> Self;
}

impl Json for Value {
    fn leaf(value: Value) -> Self {
        value
    }

    fn digits(_: String) -> Option<Self> {
        None
    }

    fn list(items: Vec<Self>) -> Self {
        Self::Array(items)
    }

    fn object(fields: Vec<(String, Self)>) -> Self {
        Self::Object(fields.into_iter().collect::<Map<_, _>>())
    }

    fn text(text: String) -> Self {
        serde_json::from_str(&text).expect("a result is JSON")
    }
}

struct Text(String);

impl Json for Text {
    fn leaf(value: Value) -> Self {
        Self(value.to_string())
    }

    fn digits(digits: String) -> Option<Self> {
        Some(Self(digits))
    }

    fn list(items: Vec<Self>) -> Self {
        let items: Vec<_> = items.into_iter().map(|Self(item)| item).collect();
        Self(format!("[{}]", items.join(",")))
    }

    fn object(fields: Vec<(String, Self)>) -> Self {
        let field = |(name, Self(value))| format!("{}:{value}", Value::String(name));
        let fields: Vec<_> = fields.into_iter().map(field).collect();
        Self(format!("{{{}}}", fields.join(",")))
    }

    fn text(text: String) -> Self {
        Self(text)
    }
}

fn convert<J: Json>(object: &Bound<'_, PyAny>) -> Result<J, Error> {
    value(object, 0).map_err(|unfit| {
        let mut path = String::new();
        for segment in unfit.path.iter().rev() {
            match segment {
                Segment::Key(key) if path.is_empty() => path.push_str(key),
                Segment::Key(key) => path.extend([".", key]),
                Segment::Index(index) => path.push_str(&format!("[{index}]")),
            }
        }
        let error = Error::new(faststar::ErrorKind::Validation, unfit.code, unfit.message);
        if path.is_empty() { error } else { error.with_param(path) }
    })
}

fn unfit(code: &'static str, message: impl Into<String>) -> Unfit {
    Unfit { code, message: message.into(), path: Vec::new() }
}

impl Unfit {
    fn within(mut self, segment: Segment) -> Self {
        self.path.push(segment);
        self
    }
}

fn value<J: Json>(object: &Bound<'_, PyAny>, depth: usize) -> Result<J, Unfit> {
    if let Ok(text) = object.cast::<PyString>() {
        return string(text).map(|text| J::leaf(Value::String(text)));
    }
    // Before the integers: a bool is one in Python, and is none in JSON.
    if let Ok(truth) = object.cast::<PyBool>() {
        return Ok(J::leaf(Value::Bool(truth.is_true())));
    }
    if let Ok(number) = object.cast::<PyInt>() {
        return integer(number);
    }
    if object.is_none() {
        return Ok(J::leaf(Value::Null));
    }
    if let Ok(number) = object.cast::<PyFloat>() {
        let message = "must be a number that JSON can hold, not NaN or infinity";
        let number = Number::from_f64(number.value());
        let number = number.map(|number| J::leaf(Value::Number(number)));
        return number.ok_or_else(|| unfit(code::INVALID_VALUE, message));
    }
    if depth > MAX_DEPTH {
        let message = format!("lists and dicts may nest {MAX_DEPTH} deep");
        return Err(unfit(code::NESTING_TOO_DEEP, message));
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        let fields = dict.iter().map(|(key, item)| field(&key, &item, depth));
        return fields.collect::<Result<_, _>>().map(J::object);
    }
    if let Ok(list) = object.cast::<PyList>() {
        return sequence(list.iter(), depth);
    }
    if let Ok(tuple) = object.cast::<PyTuple>() {
        return sequence(tuple.iter(), depth);
    }
    if let Ok(mapping) = object.cast::<PyMapping>() {
        let items = mapping.items().map_err(|_| unreadable(object))?;
        let fields = items.iter().map(|item| {
            let (key, item): (Bound<'_, PyAny>, Bound<'_, PyAny>) =
                item.extract().map_err(|_| unreadable(object))?;
            field(&key, &item, depth)
        });
        return fields.collect::<Result<_, _>>().map(J::object);
    }
    if let Some(text) = results::text_of(object) {
        return Ok(J::text(text));
    }
    // A sequence too, of numbers.
    if is_bytes(object) {
        return Err(unreadable(object));
    }
    if let Ok(list) = object.cast::<PySequence>() {
        let items = list.to_list().map_err(|_| unreadable(object))?;
        return sequence(items.iter(), depth);
    }
    Err(unreadable(object))
}

fn unreadable(object: &Bound<'_, PyAny>) -> Unfit {
    let name = type_name(object);
    let message = match name.as_str() {
        "Decimal" | "Fraction" => format!(
            "must not be a {name}; an amount is an int in the smallest currency unit \
             (1999 for 19.99 USD)"
        ),
        "bytes" | "bytearray" | "memoryview" => {
            format!("must not be {name}; decode it to a str")
        }
        "datetime" | "date" | "UUID" => format!("must not be a {name}; write it as a str"),
        _ => format!("must be a str, int, bool, None, list or dict, not {name}"),
    };
    unfit(code::INVALID_TYPE, message)
}

fn field<J: Json>(
    key: &Bound<'_, PyAny>,
    item: &Bound<'_, PyAny>,
    depth: usize,
) -> Result<(String, J), Unfit> {
    let Ok(name) = key.cast::<PyString>() else {
        return Err(unfit(code::INVALID_TYPE, "the keys of a dict must be str"));
    };
    let name = string(name)?;
    match value(item, depth + 1) {
        Ok(value) => Ok((name, value)),
        Err(unfit) => Err(unfit.within(Segment::Key(name))),
    }
}

fn sequence<'py, J: Json>(
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    depth: usize,
) -> Result<J, Unfit> {
    let item = |(index, item): (usize, Bound<'py, PyAny>)| {
        value(&item, depth + 1).map_err(|unfit| unfit.within(Segment::Index(index)))
    };
    items.enumerate().map(item).collect::<Result<_, _>>().map(J::list)
}

fn string(text: &Bound<'_, PyString>) -> Result<String, Unfit> {
    let text = text.to_cow();
    text.map(Into::into)
        .map_err(|_| unfit(code::INVALID_STRING, "must be valid Unicode, without lone surrogates"))
}

fn integer<J: Json>(number: &Bound<'_, PyInt>) -> Result<J, Unfit> {
    // Of a subclass the value counts: a member of an IntEnum is its number.
    if let Ok(number) = number.extract::<i64>() {
        return Ok(J::leaf(number.into()));
    }
    if let Ok(number) = number.extract::<u64>() {
        return Ok(J::leaf(number.into()));
    }
    // Python writes no more digits than it reads.
    let digits = number.py().get_type::<PyInt>().call_method1("__repr__", (number,));
    if let Some(number) = digits.ok().and_then(|digits| J::digits(digits.to_string())) {
        return Ok(number);
    }
    let message = "must fit a signed 64-bit integer, -9223372036854775808 to 9223372036854775807";
    Err(unfit(code::OUT_OF_RANGE, message))
}

/// Turns JSON into plain Python: dict, list, str, int, float, bool, None.
///
/// # Errors
///
/// Where Python has no memory left.
pub fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(truth) => PyBool::new(py, *truth).to_owned().into_any(),
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into_pyobject(py)?.into_any(),
            (None, Some(number)) => number.into_pyobject(py)?.into_any(),
            (None, None) => PyFloat::new(py, number.as_f64().unwrap_or(f64::NAN)).into_any(),
        },
        Value::Array(items) => {
            let items: Vec<_> =
                items.iter().map(|item| to_python(py, item)).collect::<PyResult<_>>()?;
            PyList::new(py, items)?.into_any()
        }
        Value::Object(map) => {
            let dict = PyDict::new(py);
            for (key, item) in map {
                dict.set_item(key, to_python(py, item)?)?;
            }
            dict.into_any()
        }
    })
}

/// Turns a JSON text into plain Python, with every digit of its integers; a number with a fraction
/// or an exponent becomes the float that is nearest to it.
///
/// # Errors
///
/// `malformed_json` where it nests deeper, and `out_of_range` where an integer has more digits, than
/// Python reads.
pub fn text_to_python<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let loads = LOADS.import(py, "json", "loads")?;
    loads.call1((text,)).map_err(|error| {
        let (code, what) = if error.is_instance_of::<PyRecursionError>(py) {
            (code::MALFORMED_JSON, "nests deeper than Python reads")
        } else if error.is_instance_of::<PyValueError>(py) {
            (code::OUT_OF_RANGE, "has an integer of more digits than sys.get_int_max_str_digits()")
        } else {
            return error;
        };
        let message = format!("{what}; read the JSON text instead, Event.data_json or to_json()");
        raise(py, &Error::validation(code, "data", message))
    })
}

/// Tells whether an object holds bytes.
pub fn is_bytes(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<PyBytes>()
        || object.is_instance_of::<PyByteArray>()
        || object.is_instance_of::<PyMemoryView>()
}

/// Gives the name of an object's class, for a message.
pub fn type_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map(|name| name.to_string()).unwrap_or_default()
}

/// Reads an argument that is a text.
///
/// # Errors
///
/// `invalid_type` or `invalid_string` with the argument's name.
pub fn text(given: &Bound<'_, PyAny>, name: &str) -> Result<String, Error> {
    let Ok(text) = given.cast::<PyString>() else {
        let message = format!("{name} must be a str, not {}", type_name(given));
        return Err(Error::validation(code::INVALID_TYPE, name, message));
    };
    string(text)
        .map_err(|unfit| Error::validation(unfit.code, name, format!("{name} {}", unfit.message)))
}

/// Reads an argument that is a text or `None`.
///
/// # Errors
///
/// Those of [`text`].
pub fn optional_text(
    given: Option<&Bound<'_, PyAny>>,
    name: &str,
) -> Result<Option<String>, Error> {
    given.filter(|given| !given.is_none()).map(|given| text(given, name)).transpose()
}
