//! Python values to JSON and back.
//!
//! What JSON cannot hold is refused with the path of its place. Types are not judged here: that
//! `quantity` is a number is for the core's schema to say.

use faststar::schema::MAX_DEPTH;
use faststar::{Error, error::code};
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PyMappingMethods, PyString, PyTuple,
};
use serde_json::{Map, Number, Value};

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

fn value(object: &Bound<'_, PyAny>, depth: usize) -> Result<Value, Unfit> {
    if let Ok(text) = object.cast::<PyString>() {
        return string(text).map(Value::String);
    }
    // Before the integers: a bool is one in Python, and is none in JSON.
    if let Ok(truth) = object.cast::<PyBool>() {
        return Ok(Value::Bool(truth.is_true()));
    }
    if let Ok(number) = object.cast::<PyInt>() {
        return integer(number);
    }
    if object.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(number) = object.cast::<PyFloat>() {
        let message = "must be a number that JSON can hold, not NaN or infinity";
        let number = Number::from_f64(number.value());
        return number.map(Value::Number).ok_or_else(|| unfit(code::INVALID_VALUE, message));
    }
    if depth > MAX_DEPTH {
        let message = format!("lists and dicts may nest {MAX_DEPTH} deep");
        return Err(unfit(code::NESTING_TOO_DEEP, message));
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        let mut map = Map::new();
        for (key, item) in dict {
            insert(&mut map, &key, &item, depth)?;
        }
        return Ok(Value::Object(map));
    }
    if let Ok(list) = object.cast::<PyList>() {
        return sequence(list.iter(), depth);
    }
    if let Ok(tuple) = object.cast::<PyTuple>() {
        return sequence(tuple.iter(), depth);
    }
    if let Ok(mapping) = object.cast::<PyMapping>() {
        let items = mapping.items().map_err(|_| unreadable(object))?;
        let mut map = Map::new();
        for item in items {
            let (key, item): (Bound<'_, PyAny>, Bound<'_, PyAny>) =
                item.extract().map_err(|_| unreadable(object))?;
            insert(&mut map, &key, &item, depth)?;
        }
        return Ok(Value::Object(map));
    }
    Err(unreadable(object))
}

fn unreadable(object: &Bound<'_, PyAny>) -> Unfit {
    let name = object.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    let message = match name.as_str() {
        "Decimal" | "Fraction" => format!(
            "must not be a {name}; an amount is an int in the smallest currency unit \
             (1999 for 19.99 USD)"
        ),
        "bytes" | "bytearray" => format!("must not be {name}; decode it to a str"),
        "datetime" | "date" | "UUID" => format!("must not be a {name}; write it as a str"),
        _ => format!("must be a str, int, bool, None, list or dict, not {name}"),
    };
    unfit(code::INVALID_TYPE, message)
}

fn insert(
    map: &mut Map<String, Value>,
    key: &Bound<'_, PyAny>,
    item: &Bound<'_, PyAny>,
    depth: usize,
) -> Result<(), Unfit> {
    let Ok(name) = key.cast::<PyString>() else {
        return Err(unfit(code::INVALID_TYPE, "the keys of a dict must be str"));
    };
    let name = string(name)?;
    match value(item, depth + 1) {
        Ok(value) => {
            map.insert(name, value);
            Ok(())
        }
        Err(unfit) => Err(unfit.within(Segment::Key(name))),
    }
}

fn sequence<'py>(
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    depth: usize,
) -> Result<Value, Unfit> {
    let item = |(index, item): (usize, Bound<'py, PyAny>)| {
        value(&item, depth + 1).map_err(|unfit| unfit.within(Segment::Index(index)))
    };
    items.enumerate().map(item).collect::<Result<_, _>>().map(Value::Array)
}

fn string(text: &Bound<'_, PyString>) -> Result<String, Unfit> {
    let text = text.to_cow();
    text.map(Into::into)
        .map_err(|_| unfit(code::INVALID_STRING, "must be valid Unicode, without lone surrogates"))
}

fn integer(number: &Bound<'_, PyInt>) -> Result<Value, Unfit> {
    // Of a subclass the value counts: a member of an IntEnum is its number.
    if let Ok(number) = number.extract::<i64>() {
        return Ok(number.into());
    }
    if let Ok(number) = number.extract::<u64>() {
        return Ok(number.into());
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
