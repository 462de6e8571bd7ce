//! IDX, the format of MNIST: unsigned bytes in an array of any number of axes.
//!
//! A file is `0 0 8 k`, then k sizes as big-endian 32-bit numbers, then the
//! bytes, row-major. The header is a claim: no more memory is taken than bytes
//! have come.

use std::io::{self, Read, Write};
use std::path::Path;

use wonderland_linalg::{Scalar, Tensor};

use crate::{Error, Labels, Result, Snippet, input};

/// An array of unsigned bytes.
///
/// # Examples
/// ```
/// use wonderland_data::Idx;
/// let images = Idx::new(&[2, 1, 2], vec![0, 255, 51, 102]).unwrap();
/// let mut file = Vec::new();
/// images.write(&mut file).unwrap();
/// assert_eq!(file[..8], [0, 0, 8, 3, 0, 0, 0, 2]);
/// let same = Idx::read_images(&file[..], "inline")?;
/// assert_eq!(same.to_features::<f64>().row(1), [0.2, 0.4]);
/// # Ok::<(), wonderland_data::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Idx {
    shape: Vec<usize>,
    data: Vec<u8>,
}

/// What kind of file is wanted, for messages.
const IMAGES: &str = "images (three axes of unsigned bytes)";
const LABELS: &str = "labels (one axis of unsigned bytes)";

impl Idx {
    /// The array of the given shape, row-major.
    ///
    /// # Errors
    /// [`Error::BadIdx`] when `data` does not hold one byte per element.
    pub fn new(shape: &[usize], data: Vec<u8>) -> Result<Self> {
        let expected = shape.iter().try_fold(1_usize, |n, &s| n.checked_mul(s));
        if expected != Some(data.len()) || shape.is_empty() || shape.len() > 255 {
            return Err(Error::BadIdx {
                file: Snippet::new("the array"),
                wanted: "unsigned bytes",
                fault: Snippet::new(&format!(
                    "{} bytes do not fill {} axes of sizes {:?}",
                    data.len(),
                    shape.len(),
                    &shape[..shape.len().min(4)]
                )),
            });
        }
        Ok(Self { shape: shape.to_vec(), data })
    }

    /// Reads images ~ (n, rows, columns), plain or gzip.
    ///
    /// # Errors
    /// [`Error::BadIdx`] for another format, element type or number of axes,
    /// an axis of size 0, and too few or too many bytes; [`Error::Io`].
    pub fn read_images(stream: impl Read, name: &str) -> Result<Self> {
        Self::read(stream, &Snippet::new(name), 3, IMAGES)
    }

    /// Reads labels ~ (n), plain or gzip.
    ///
    /// # Errors
    /// As [`read_images`](Self::read_images).
    pub fn read_labels(stream: impl Read, name: &str) -> Result<Self> {
        Self::read(stream, &Snippet::new(name), 1, LABELS)
    }

    /// Reads a file of images.
    ///
    /// # Errors
    /// As [`read_images`](Self::read_images), or a file that cannot be opened.
    pub fn open_images(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::read(input::open(path)?, &Snippet::path(path), 3, IMAGES)
    }

    /// Reads a file of labels.
    ///
    /// # Errors
    /// As [`read_images`](Self::read_images), or a file that cannot be opened.
    pub fn open_labels(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::read(input::open(path)?, &Snippet::path(path), 1, LABELS)
    }

    fn read(
        stream: impl Read,
        file: &Snippet,
        n_axes: usize,
        wanted: &'static str,
    ) -> Result<Self> {
        let bad =
            |fault: &str| Error::BadIdx { file: file.clone(), wanted, fault: Snippet::new(fault) };
        let failed = |e: io::Error| match e.kind() {
            io::ErrorKind::UnexpectedEof => bad("it ends too early"),
            _ => Error::io(file, "read it", &e),
        };
        let mut stream = input::Unpacked::new(stream, file)?;
        let mut magic = [0; 4];
        stream.read_exact(&mut magic).map_err(failed)?;
        match magic {
            [0, 0, 8, k] if usize::from(k) == n_axes => {}
            [0, 0, 8, k] => return Err(bad(&format!("it has {k} axes, not {n_axes}"))),
            [0, 0, t @ (9 | 11..=14), _] => {
                return Err(bad(&format!("its elements are of type 0x{t:02x}, not bytes (0x08)")));
            }
            [a, b, c, d] => {
                return Err(bad(&format!(
                    "it begins with {a:02x} {b:02x} {c:02x} {d:02x}, not 00 00 08"
                )));
            }
        }
        let mut shape = Vec::new();
        for _ in 0..n_axes {
            let mut size = [0; 4];
            stream.read_exact(&mut size).map_err(failed)?;
            shape.push(u32::from_be_bytes(size) as usize);
        }
        let size = |n: usize| format!("its header says {shape:?}, {n} bytes");
        let expected = match shape.iter().try_fold(1_usize, |n, &s| n.checked_mul(s)) {
            Some(0) => return Err(bad(&format!("an axis has size 0 in {shape:?}"))),
            Some(n) if n < usize::MAX => n,
            _ => return Err(bad(&format!("no machine holds an array of sizes {shape:?}"))),
        };
        // Grows with what comes, whatever the header says; one byte more than
        // expected tells a file that goes on.
        let mut data = Vec::new();
        stream.take(expected as u64 + 1).read_to_end(&mut data).map_err(failed)?;
        match data.len() {
            n if n < expected => Err(bad(&format!("{}, but {n} follow", size(expected)))),
            n if n > expected => Err(bad(&format!("{}, but more follow", size(expected)))),
            _ => Ok(Self { shape, data }),
        }
    }

    /// Writes the array as an IDX file.
    ///
    /// # Errors
    /// Those of the underlying writer, and an axis of 2³² or more.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        to.write_all(&[0, 0, 8, self.shape.len() as u8])?;
        for &size in &self.shape {
            let size = u32::try_from(size).map_err(io::Error::other)?;
            to.write_all(&size.to_be_bytes())?;
        }
        to.write_all(&self.data)
    }

    /// Sizes of the axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The bytes, row-major.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.data
    }

    /// X ~ (n, rows · columns) with pixels from 0 to 1 (divided by 255).
    #[must_use]
    pub fn to_features<T: Scalar>(&self) -> Tensor<T> {
        let n = self.shape.first().copied().unwrap_or(1);
        let c = self.shape.iter().skip(1).product();
        let levels: [T; 256] = std::array::from_fn(|k| T::from_f64(k as f64 / 255.0));
        let mut X = Tensor::zeros(&[n, c]);
        for (x, &byte) in X.as_mut_slice().iter_mut().zip(&self.data) {
            *x = levels[usize::from(byte)];
        }
        X
    }

    /// The bytes as class labels; the classes are the values that occur.
    #[must_use]
    pub fn to_labels(&self) -> Labels {
        let mut occurs = [false; 256];
        self.data.iter().for_each(|&byte| occurs[usize::from(byte)] = true);
        let classes: Vec<usize> = (0..256).filter(|&k| occurs[k]).collect();
        let mut code_of = [0; 256];
        classes.iter().enumerate().for_each(|(code, &k)| code_of[k] = code);
        Labels {
            codes: self.data.iter().map(|&byte| code_of[usize::from(byte)]).collect(),
            classes: classes.iter().map(usize::to_string).collect(),
        }
    }
}
