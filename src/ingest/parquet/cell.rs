//! One cell of an Arrow column as a scalar, whichever of Arrow's many types carries it.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
    DurationSecondType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, StringViewArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, TimeUnit};

/// A scalar as the column's type has it. Binary that is UTF-8 is text: old writers do not label it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scalar<'a> {
    /// Text.
    Text(&'a str),
    /// Binary that is not UTF-8.
    Bytes(&'a [u8]),
    /// Integer; a length of time in nanoseconds.
    Int(i64),
    /// Floating point, finite.
    Float(f64),
    /// Boolean.
    Bool(bool),
    /// A point in time, nanoseconds since the epoch.
    Time(i64),
}

impl<'a> Scalar<'a> {
    /// The text, where it is text.
    pub(crate) const fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, where it is one.
    pub(crate) fn number(self) -> Option<f64> {
        match self {
            #[allow(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
            Self::Int(int) => Some(int as f64),
            Self::Float(float) => Some(float),
            _ => None,
        }
    }
}

/// The scalar in a row; nothing where it is null, NaN, nested, or of a type that holds no such
/// value.
pub(crate) fn scalar(array: &dyn Array, row: usize) -> Option<Scalar<'_>> {
    if row >= array.len() || array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Utf8 => Some(Scalar::Text(array.as_string::<i32>().value(row))),
        DataType::LargeUtf8 => Some(Scalar::Text(array.as_string::<i64>().value(row))),
        DataType::Utf8View => Some(Scalar::Text(array.as_string_view().value(row))),
        DataType::Binary => Some(bytes(array.as_binary::<i32>().value(row))),
        DataType::LargeBinary => Some(bytes(array.as_binary::<i64>().value(row))),
        DataType::BinaryView => Some(bytes(array.as_binary_view().value(row))),
        DataType::FixedSizeBinary(_) => Some(bytes(array.as_fixed_size_binary().value(row))),
        DataType::Boolean => Some(Scalar::Bool(array.as_boolean().value(row))),
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary_opt()?;
            let key = scalar(dictionary.keys(), row)?;
            let Scalar::Int(key) = key else { return None };
            scalar(dictionary.values().as_ref(), usize::try_from(key).ok()?)
        }
        DataType::Timestamp(unit, _) => time(array, row, *unit).map(Scalar::Time),
        _ => number(array, row),
    }
}

/// The length of a text and its first four bytes: most texts are told from others by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head(u64);

impl Head {
    #[allow(clippy::cast_possible_truncation, reason = "the lower half of a view")]
    const fn of_view(view: u128) -> Self {
        Self(view as u64)
    }

    /// That of a text; none of one that no view can hold.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let length = u32::try_from(text.len()).ok()?;
        let mut first = [0; 4];
        first.iter_mut().zip(text.as_bytes()).for_each(|(to, byte)| *to = *byte);
        Some(Self(u64::from(length) | u64::from(u32::from_le_bytes(first)) << 32))
    }
}

/// A column of which many cells are read: its type is told once.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'b> {
    array: &'b dyn Array,
    nulls: Option<&'b NullBuffer>,
    typed: Typed<'b>,
}

/// The types in which nearly all cells lie.
#[derive(Clone, Copy)]
enum Typed<'b> {
    View(&'b StringViewArray),
    Int(&'b [i64]),
    Float(&'b [f64]),
    Other,
}

impl<'b> Cells<'b> {
    /// Those of a column.
    pub(crate) fn of(array: &'b dyn Array) -> Self {
        let typed = match array.data_type() {
            DataType::Utf8View => array.as_string_view_opt().map(Typed::View),
            DataType::Int64 => {
                array.as_primitive_opt::<Int64Type>().map(|ints| Typed::Int(ints.values()))
            }
            DataType::Float64 => {
                array.as_primitive_opt::<Float64Type>().map(|floats| Typed::Float(floats.values()))
            }
            _ => None,
        };
        Self { array, nulls: array.nulls(), typed: typed.unwrap_or(Typed::Other) }
    }

    /// Which of them are null, where any is.
    pub(crate) const fn nulls(&self) -> Option<&'b NullBuffer> {
        self.nulls
    }

    /// The length and the first bytes of the text in a row, where they are told without looking
    /// at the text.
    #[inline]
    pub(crate) fn head(&self, row: usize) -> Option<Head> {
        match self.typed {
            Typed::View(texts) => texts.views().get(row).map(|view| Head::of_view(*view)),
            _ => None,
        }
    }

    /// As [`scalar`] tells it.
    #[inline]
    pub(crate) fn get(&self, row: usize) -> Option<Scalar<'b>> {
        if self.nulls.is_some_and(|nulls| row >= nulls.len() || nulls.is_null(row)) {
            return None;
        }
        match self.typed {
            Typed::View(texts) => (row < texts.len()).then(|| Scalar::Text(texts.value(row))),
            Typed::Int(ints) => ints.get(row).map(|int| Scalar::Int(*int)),
            Typed::Float(floats) => {
                let float = floats.get(row).filter(|float| float.is_finite());
                float.map(|float| Scalar::Float(*float))
            }
            Typed::Other => scalar(self.array, row),
        }
    }
}

fn bytes(bytes: &[u8]) -> Scalar<'_> {
    std::str::from_utf8(bytes).map_or(Scalar::Bytes(bytes), Scalar::Text)
}

fn number(array: &dyn Array, row: usize) -> Option<Scalar<'_>> {
    let int = match array.data_type() {
        DataType::Int8 => i64::from(array.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => i64::from(array.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => i64::from(array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row),
        DataType::UInt8 => i64::from(array.as_primitive::<UInt8Type>().value(row)),
        DataType::UInt16 => i64::from(array.as_primitive::<UInt16Type>().value(row)),
        DataType::UInt32 => i64::from(array.as_primitive::<UInt32Type>().value(row)),
        DataType::UInt64 => i64::try_from(array.as_primitive::<UInt64Type>().value(row)).ok()?,
        DataType::Duration(unit) => {
            let length = match unit {
                TimeUnit::Second => array.as_primitive::<DurationSecondType>().value(row),
                TimeUnit::Millisecond => array.as_primitive::<DurationMillisecondType>().value(row),
                TimeUnit::Microsecond => array.as_primitive::<DurationMicrosecondType>().value(row),
                TimeUnit::Nanosecond => array.as_primitive::<DurationNanosecondType>().value(row),
            };
            length.checked_mul(nanoseconds(*unit))?
        }
        _ => return float(array, row).filter(|float| float.is_finite()).map(Scalar::Float),
    };
    Some(Scalar::Int(int))
}

fn float(array: &dyn Array, row: usize) -> Option<f64> {
    match array.data_type() {
        DataType::Float32 => Some(f64::from(array.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => Some(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(_, scale) => {
            let unscaled = array.as_primitive::<Decimal128Type>().value(row);
            #[allow(clippy::cast_precision_loss, reason = "a decimal as the nearest float")]
            let unscaled = unscaled as f64;
            Some(unscaled / 10f64.powi(i32::from(*scale)))
        }
        _ => None,
    }
}

fn time(array: &dyn Array, row: usize, unit: TimeUnit) -> Option<i64> {
    let ticks = match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(row),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().value(row),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(row),
        TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().value(row),
    };
    ticks.checked_mul(nanoseconds(unit))
}

const fn nanoseconds(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{
        BinaryArray, BooleanArray, DictionaryArray, Float64Array, Int64Array,
        TimestampMicrosecondArray, UInt64Array,
    };

    #[test]
    fn a_cell_is_the_same_scalar_whatever_type_carries_it() {
        let dictionary: DictionaryArray<Int32Type> =
            vec![Some("a"), None, Some("b")].into_iter().collect();
        assert_eq!(scalar(&dictionary, 2), Some(Scalar::Text("b")));
        assert_eq!(scalar(&dictionary, 1), None);
        let binary = BinaryArray::from(vec![&b"chat"[..], &[0xff, 0x00]]);
        assert_eq!(scalar(&binary, 0), Some(Scalar::Text("chat")));
        assert_eq!(scalar(&binary, 1), Some(Scalar::Bytes(&[0xff, 0x00])));
        let times = TimestampMicrosecondArray::from(vec![1_500, i64::MAX]);
        assert_eq!(scalar(&times, 0), Some(Scalar::Time(1_500_000)));
        assert_eq!(scalar(&times, 1), None);
    }

    #[test]
    fn a_cell_of_a_column_is_the_scalar_in_it() {
        let texts = StringViewArray::from(vec![Some("a"), None, Some("")]);
        let ints = Int64Array::from(vec![Some(7), None]);
        let floats = Float64Array::from(vec![f64::NAN, 12.0]);
        let flags = BooleanArray::from(vec![Some(true), None]);
        let columns: [&dyn Array; 4] = [&texts, &ints, &floats, &flags];
        for column in columns {
            let cells = Cells::of(column);
            for row in 0..=column.len() {
                assert_eq!(cells.get(row), scalar(column, row), "{row} of {column:?}");
            }
        }
    }

    #[test]
    fn the_head_of_a_text_is_told_from_its_view() {
        let all = ["", "a", "abcd", "abcde", "chat gpt-4o-mini", "chat gpt-4.1-mini", "é", "chat"];
        let texts = StringViewArray::from(all.to_vec());
        let cells = Cells::of(&texts);
        for (row, text) in all.iter().enumerate() {
            assert_eq!(cells.head(row), Head::of(text), "{text}");
        }
        assert_eq!(cells.head(all.len()), None);
    }

    #[test]
    fn what_is_no_value_is_null() {
        let floats = Float64Array::from(vec![f64::NAN, 12.0]);
        assert_eq!(scalar(&floats, 0), None);
        assert_eq!(scalar(&floats, 1), Some(Scalar::Float(12.0)));
        assert_eq!(scalar(&UInt64Array::from(vec![u64::MAX]), 0), None);
        assert_eq!(scalar(&floats, 2), None);
    }
}
