//! Parameter structs: one type generic over its leaf serves as shapes, as
//! variables of a trace, as values and as gradients.

use crate::error::{Error, Result};

/// A struct of leaves, made by [`tree!`](crate::tree).
///
/// Leaves have paths such as `layers.0.W` and one fixed order, in which they
/// are inputs and gradients of a program.
pub trait Tree: Sized {
    /// What stands at the leaves.
    type Leaf;
    /// The same tree with other leaves.
    type With<U>: Tree<Leaf = U>;

    /// The tree of `f(path, leaf)`; paths begin with `prefix`.
    fn map_paths<U>(
        &self,
        prefix: &str,
        f: &mut impl FnMut(&str, &Self::Leaf) -> U,
    ) -> Self::With<U>;

    /// Calls `f` on every leaf, to change it.
    fn for_each_mut(&mut self, f: &mut impl FnMut(&mut Self::Leaf));

    /// The tree of `f(leaf)`.
    fn map<U>(&self, mut f: impl FnMut(&Self::Leaf) -> U) -> Self::With<U> {
        self.map_paths("", &mut |_, leaf| f(leaf))
    }

    /// Paths of the leaves, in order.
    fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.map_paths("", &mut |path, _| paths.push(path.to_owned()));
        paths
    }

    /// Copies of the leaves, in order.
    fn leaves(&self) -> Vec<Self::Leaf>
    where
        Self::Leaf: Clone,
    {
        let mut leaves = Vec::new();
        self.map(|leaf| leaves.push(leaf.clone()));
        leaves
    }

    /// The tree with these leaves in place of its own.
    ///
    /// # Errors
    /// [`Error::LeafCount`] when there are fewer or more of them.
    fn with_leaves<U>(&self, leaves: impl IntoIterator<Item = U>) -> Result<Self::With<U>> {
        let given: Vec<U> = leaves.into_iter().collect();
        let (expected, actual) = (self.paths().len(), given.len());
        if expected != actual {
            return Err(Error::LeafCount { expected, actual });
        }
        let mut given = given.into_iter();
        Ok(self.map(|_| given.next().expect("one leaf each, counted above")))
    }
}

/// Defines a parameter struct, generic over its leaf.
///
/// A bare name is a leaf, `name: Type` another tree, `name: [Type]` a vector of
/// them. With [`Shape`](crate::Shape) at its leaves the struct describes
/// arguments of [`trace`](crate::trace()), all differentiable.
///
/// # Examples
/// ```
/// use wonderland_autodiff::{Shape, Tree, data, trace, tree};
/// tree! {
///     /// An affine map.
///     pub struct Dense { W, b }
/// }
/// tree! {
///     /// Two of them.
///     pub struct Mlp { hidden: Dense, out: Dense }
/// }
/// let dense = |n, m| Dense { W: Shape::from([n, m]), b: Shape::from([m]) };
/// let spec = Mlp { hidden: dense(2, 4), out: dense(4, 1) };
/// let net = trace((&spec, data("X", [8, 2])), |_, (p, X)| {
///     let h = (X.matmul(p.hidden.W) + p.hidden.b).tanh();
///     (h.matmul(p.out.W) + p.out.b).powi(2).mean()
/// })?;
/// assert_eq!(spec.paths(), ["hidden.W", "hidden.b", "out.W", "out.b"]);
/// assert_eq!(net.inputs()[2].name, "out.W");
/// # Ok::<(), wonderland_autodiff::Error>(())
/// ```
#[macro_export]
macro_rules! tree {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($field:ident $(: $kind:tt)?),* $(,)? }) => {
        $crate::tree!(@struct [$(#[$meta])*] [$vis] $name {} $($field $($kind)?,)*);

        impl<V> $crate::Tree for $name<V> {
            type Leaf = V;
            type With<U> = $name<U>;
            fn map_paths<U>(
                &self,
                prefix: &str,
                f: &mut impl FnMut(&str, &V) -> U,
            ) -> $name<U> {
                $name {
                    $($field: {
                        let path = format!("{prefix}{}", stringify!($field));
                        $crate::tree!(@map self.$field, path, f, $($kind)?)
                    }),*
                }
            }
            fn for_each_mut(&mut self, f: &mut impl FnMut(&mut V)) {
                $($crate::tree!(@each self.$field, f, $($kind)?);)*
            }
        }

        impl $crate::Spec for $name<$crate::Shape> {
            type Vars<'t> = $name<$crate::Var<'t>>;
            fn bind<'t>(
                &self,
                binder: &mut $crate::Binder<'t>,
                prefix: &str,
            ) -> Self::Vars<'t> {
                $crate::Tree::map_paths(self, prefix, &mut |path, shape| {
                    binder.real(path, *shape, true)
                })
            }
        }

        impl<T> $crate::Args<T> for $name<$crate::Tensor<T>>
        where
            T: $crate::Scalar,
        {
            fn push_args<'a>(&'a self, out: &mut Vec<$crate::Arg<'a, T>>) {
                $($crate::tree!(@push self.$field, out, $($kind)?);)*
            }
        }
    };
    // The struct itself, field by field: derives refuse macros as types.
    (@struct [$($meta:tt)*] [$vis:vis] $name:ident {$($done:tt)*}) => {
        $($meta)*
        #[derive(Clone, Debug, PartialEq)]
        #[allow(non_snake_case, missing_docs, reason = "parameters are named as in the formulas")]
        $vis struct $name<V> { $($done)* }
    };
    (@struct [$($m:tt)*] [$v:vis] $n:ident {$($done:tt)*} $field:ident, $($rest:tt)*) => {
        $crate::tree!(@struct [$($m)*] [$v] $n {$($done)* pub $field: V,} $($rest)*);
    };
    (@struct [$($m:tt)*] [$v:vis] $n:ident {$($done:tt)*} $field:ident [$kind:ident], $($rest:tt)*) => {
        $crate::tree!(@struct [$($m)*] [$v] $n {$($done)* pub $field: Vec<$kind<V>>,} $($rest)*);
    };
    (@struct [$($m:tt)*] [$v:vis] $n:ident {$($done:tt)*} $field:ident $kind:ident, $($rest:tt)*) => {
        $crate::tree!(@struct [$($m)*] [$v] $n {$($done)* pub $field: $kind<V>,} $($rest)*);
    };
    (@map $field:expr, $path:ident, $f:ident,) => { $f(&$path, &$field) };
    (@map $field:expr, $path:ident, $f:ident, [$kind:ident]) => {
        $field
            .iter()
            .enumerate()
            .map(|(k, entry)| $crate::Tree::map_paths(entry, &format!("{}.{k}.", $path), $f))
            .collect()
    };
    (@map $field:expr, $path:ident, $f:ident, $kind:ident) => {
        $crate::Tree::map_paths(&$field, &format!("{}.", $path), $f)
    };
    (@each $field:expr, $f:ident,) => { $f(&mut $field) };
    (@each $field:expr, $f:ident, [$kind:ident]) => {
        $field.iter_mut().for_each(|entry| $crate::Tree::for_each_mut(entry, $f))
    };
    (@each $field:expr, $f:ident, $kind:ident) => { $crate::Tree::for_each_mut(&mut $field, $f) };
    (@push $field:expr, $out:ident,) => { $crate::Args::<T>::push_args(&$field, $out) };
    (@push $field:expr, $out:ident, [$kind:ident]) => {
        $field.iter().for_each(|entry| $crate::Args::<T>::push_args(entry, $out))
    };
    (@push $field:expr, $out:ident, $kind:ident) => { $crate::Args::<T>::push_args(&$field, $out) };
}
