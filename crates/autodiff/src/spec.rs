//! What the arguments of a traced function are: names, shapes, and whether
//! they are differentiated.

use std::panic::Location;

use crate::error::Place;
use crate::op::Kind;
use crate::program::Input;
use crate::shape::Shape;
use crate::trace::{Builder, Idx, Var};

/// A description of arguments, and the handles they become.
pub trait Spec {
    /// The handles of a trace.
    type Vars<'t>;

    /// Declares the inputs, named after `prefix`, and gives their handles.
    fn bind<'t>(&self, binder: &mut Binder<'t>, prefix: &str) -> Self::Vars<'t>;
}

/// Declares inputs.
pub struct Binder<'t> {
    builder: &'t Builder,
    at: Place,
}

impl<'t> Binder<'t> {
    #[track_caller]
    pub(crate) fn new(builder: &'t Builder) -> Self {
        Self { builder, at: Location::caller() }
    }

    /// Declares a real input.
    pub fn real(&mut self, name: &str, shape: Shape, active: bool) -> Var<'t> {
        self.declare(Input { name: name.to_owned(), shape, kind: Kind::Real, active })
    }

    /// Declares an index input.
    pub fn index(&mut self, name: &str, shape: Shape) -> Idx<'t> {
        let name = name.to_owned();
        Idx(self.declare(Input { name, shape, kind: Kind::Index, active: false }))
    }

    fn declare(&mut self, input: Input) -> Var<'t> {
        Var::new(self.builder.input(input, self.at), self.builder)
    }
}

/// A real argument; see [`input`] and [`data`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Real {
    name: String,
    shape: Shape,
    active: bool,
}

/// An index argument; see [`index`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    name: String,
    shape: Shape,
}

/// A real argument with respect to which derivatives are taken.
#[must_use]
pub fn input(name: &str, dims: impl Into<Shape>) -> Real {
    Real { name: name.to_owned(), shape: dims.into(), active: true }
}

/// A real argument taken as given: no derivative with respect to it unless
/// [`with_respect_to`](crate::Program::with_respect_to) asks for it.
#[must_use]
pub fn data(name: &str, dims: impl Into<Shape>) -> Real {
    Real { name: name.to_owned(), shape: dims.into(), active: false }
}

/// An argument of indices (u32).
#[must_use]
pub fn index(name: &str, dims: impl Into<Shape>) -> Index {
    Index { name: name.to_owned(), shape: dims.into() }
}

impl Spec for Real {
    type Vars<'t> = Var<'t>;
    fn bind<'t>(&self, binder: &mut Binder<'t>, prefix: &str) -> Var<'t> {
        let &Self { ref name, shape, active } = self;
        let name = [prefix, name].concat();
        binder.declare(Input { name, shape, kind: Kind::Real, active })
    }
}

impl Spec for Index {
    type Vars<'t> = Idx<'t>;
    fn bind<'t>(&self, binder: &mut Binder<'t>, prefix: &str) -> Idx<'t> {
        binder.index(&format!("{prefix}{}", self.name), self.shape)
    }
}

impl Spec for Vec<Real> {
    type Vars<'t> = Vec<Var<'t>>;
    fn bind<'t>(&self, binder: &mut Binder<'t>, prefix: &str) -> Vec<Var<'t>> {
        self.iter().map(|s| s.bind(binder, prefix)).collect()
    }
}

impl<S: Spec> Spec for &S {
    type Vars<'t> = S::Vars<'t>;
    fn bind<'t>(&self, binder: &mut Binder<'t>, prefix: &str) -> S::Vars<'t> {
        (**self).bind(binder, prefix)
    }
}

macro_rules! spec_of_tuples {
    ($($name:ident)*) => {
        impl<$($name: Spec),*> Spec for ($($name,)*) {
            type Vars<'t> = ($($name::Vars<'t>,)*);
            #[allow(non_snake_case, reason = "type names double as bindings")]
            fn bind<'t>(&self, binder: &mut Binder<'t>, prefix: &str) -> Self::Vars<'t> {
                let ($($name,)*) = self;
                ($($name.bind(binder, prefix),)*)
            }
        }
    };
}
spec_of_tuples!(A);
spec_of_tuples!(A B);
spec_of_tuples!(A B C);
spec_of_tuples!(A B C D);
spec_of_tuples!(A B C D E);
spec_of_tuples!(A B C D E F);
spec_of_tuples!(A B C D E F G);
spec_of_tuples!(A B C D E F G H);
