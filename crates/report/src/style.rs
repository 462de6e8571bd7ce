//! The one style sheet of the pictures: colours by role, light and dark.

/// Rules for every picture: roles, not colours, are named in the marks.
pub(crate) const PICTURE: &str = "\
.w{font:13px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;fill:var(--ink)}\
.w .grid{stroke:var(--grid);stroke-width:1}\
.w .axis{stroke:var(--soft);stroke-width:1}\
.w .soft{fill:var(--soft)}\
.w .small{font-size:11px}\
.w .mid{text-anchor:middle}\
.w .end{text-anchor:end}\
.w .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}\
.w .thin{fill:none;stroke-width:1.25}\
.w .dash{fill:none;stroke:var(--soft);stroke-dasharray:5 4}\
.w .sa{stroke:var(--a)}.w .sb{stroke:var(--b)}.w .sc{stroke:var(--c)}.w .si{stroke:var(--ink)}\
.w .fa{fill:var(--a)}.w .fb{fill:var(--b)}.w .fc{fill:var(--c)}.w .fsoft{fill:var(--soft)}\
.w .band{fill:var(--a);opacity:.16;stroke:none}\
.w .gap{fill:var(--b);opacity:.28;stroke:none}\
.w .faint{opacity:.45}\
.w .ring{stroke:var(--paper);stroke-width:1.5}\
.w .cell{stroke:var(--paper);stroke-width:2}\
.w .on{fill:var(--paper)}";

/// The colours of one theme as declarations. Blue, vermilion and bluish green
/// stay apart for readers who confuse red and green.
pub(crate) const LIGHT: &str = "--paper:#ffffff;--ink:#1b2430;--soft:#667085;--grid:#e6e9ee;--a:#1f66d1;--b:#c2571a;--c:#0b7d69;--card:#f7f8fa;";
/// See [`LIGHT`].
pub(crate) const DARK: &str = "--paper:#12161c;--ink:#e8ecf2;--soft:#98a2b3;--grid:#2a313b;--a:#6ea8ff;--b:#f0995a;--c:#56cdb4;--card:#1a2029;";
