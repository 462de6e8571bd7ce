//! The arguments of an instruction, held inline when they are few: then an
//! instruction owns no memory, and copying one allocates nothing.

use std::ops::{Deref, DerefMut};

use crate::program::Id;

/// Arguments held inline: as many as take no more room than a pointer would.
pub(crate) const FEW: usize = 4;

/// A list of instruction numbers.
#[derive(Clone)]
pub(crate) enum Ids {
    Few(u8, [Id; FEW]),
    Many(Box<[Id]>),
}

impl Deref for Ids {
    type Target = [Id];
    #[inline]
    fn deref(&self) -> &[Id] {
        match self {
            Self::Few(n, ids) => &ids[..usize::from(*n)],
            Self::Many(ids) => ids,
        }
    }
}

impl DerefMut for Ids {
    #[inline]
    fn deref_mut(&mut self) -> &mut [Id] {
        match self {
            Self::Few(n, ids) => &mut ids[..usize::from(*n)],
            Self::Many(ids) => ids,
        }
    }
}

impl FromIterator<Id> for Ids {
    #[inline]
    fn from_iter<I: IntoIterator<Item = Id>>(ids: I) -> Self {
        let (mut few, mut ids) = ([0; FEW], ids.into_iter());
        for n in 0..FEW {
            match ids.next() {
                Some(id) => few[n] = id,
                None => return Self::Few(n as u8, few),
            }
        }
        match ids.next() {
            Some(next) => Self::Many(few.into_iter().chain([next]).chain(ids).collect()),
            None => Self::Few(FEW as u8, few),
        }
    }
}

impl From<&[Id]> for Ids {
    #[inline]
    fn from(ids: &[Id]) -> Self {
        ids.iter().copied().collect()
    }
}

impl<'a> IntoIterator for &'a Ids {
    type Item = &'a Id;
    type IntoIter = std::slice::Iter<'a, Id>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Ids {
    type Item = &'a mut Id;
    type IntoIter = std::slice::IterMut<'a, Id>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl PartialEq for Ids {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn few_or_many_they_are_the_same_list() {
        for n in 0..8 {
            let ids: Ids = (0..n).collect();
            assert_eq!(*ids, (0..n).collect::<Vec<_>>());
            assert_eq!(ids, Ids::from(&*ids));
            assert_eq!(matches!(ids, Ids::Few(..)), n <= 4);
        }
        // Room for a list on the heap would do for four numbers.
        assert_eq!(size_of::<Ids>(), size_of::<Vec<u32>>());
    }
}
