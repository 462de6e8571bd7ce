//! Images with their labels as a table: one column per pixel, so that whatever
//! works on tables works on MNIST.

use std::io::Read;
use std::path::Path;

use crate::{Column, Error, Idx, Result, Snippet, Table, Values, input};

/// A file of images, and the file of their labels if there is one.
///
/// # Examples
/// ```
/// use wonderland_data::{Idx, Images};
/// let images = Idx::new(&[2, 1, 2], vec![0, 255, 51, 102])?;
/// let labels = Idx::new(&[2], vec![7, 3])?;
/// let table = Images::new(images, Some(labels), "inline")?.table("inline")?;
/// assert_eq!(table.names().collect::<Vec<_>>(), ["pixel_0_0", "pixel_0_1", "label"]);
/// assert_eq!(table.column("pixel_0_1")?.values.cell(1), 0.4.into());
/// # Ok::<(), wonderland_data::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Images {
    images: Idx,
    labels: Option<Idx>,
}

impl Images {
    /// Name of the column of labels.
    pub const LABEL: &'static str = "label";

    /// Images with one label each; `source` names the labels in a message.
    ///
    /// # Errors
    /// [`Error::LabelCount`] for another number of labels than of images.
    pub fn new(images: Idx, labels: Option<Idx>, source: &str) -> Result<Self> {
        let n_images = images.shape().first().copied().unwrap_or_default();
        match labels.as_ref().map(|labels| labels.as_slice().len()) {
            Some(n_labels) if n_labels != n_images => {
                Err(Error::LabelCount { file: Snippet::new(source), n_labels, n_images })
            }
            _ => Ok(Self { images, labels }),
        }
    }

    /// Whether a regular file begins like IDX, plain or gzip. A pipe, whose
    /// beginning would be lost by looking at it, and a file that cannot be read
    /// do not.
    #[must_use]
    pub fn are_in(path: impl AsRef<Path>) -> bool {
        let path = path.as_ref();
        let mut magic = [0; 4];
        path.is_file()
            && input::open(path)
                .and_then(|file| input::Unpacked::new(file, &Snippet::path(path)))
                .is_ok_and(|mut stream| stream.read_exact(&mut magic).is_ok())
            && matches!(magic, [0, 0, 8 | 9 | 11..=14, k] if k > 0)
    }

    /// The table: columns `pixel_ROW_COLUMN`, counted from 0, with numbers from
    /// 0 to 1, and `label` if there are labels.
    ///
    /// # Errors
    /// Never for files within this crate's limits; the type is that of any table.
    pub fn table(&self, source: &str) -> Result<Table> {
        let (n, height, width) = match *self.images.shape() {
            [n, height, width] => (n, height, width),
            [n, width] => (n, 1, width),
            ref shape => (shape[0], 1, shape[1..].iter().product()),
        };
        let pixels = self.images.as_slice();
        let levels: [f64; 256] = std::array::from_fn(|k| k as f64 / 255.0);
        let n_pixels = height * width;
        let pixel = |at: usize| Column {
            name: format!("pixel_{}_{}", at / width, at % width),
            values: Values::Numbers(
                (0..n).map(|i| levels[usize::from(pixels[i * n_pixels + at])]).collect(),
            ),
        };
        let mut columns: Vec<Column> = (0..n_pixels).map(pixel).collect();
        if let Some(labels) = &self.labels {
            let label = labels.as_slice().iter().map(|&byte| f64::from(byte)).collect();
            columns.push(Column { name: Self::LABEL.to_owned(), values: Values::Numbers(label) });
        }
        Table::new(source, columns)
    }
}
