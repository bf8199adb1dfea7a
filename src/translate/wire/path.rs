//! Where the check stands: a FHIRPath that is only written out when there is something to say.

/// One step below another; lives on the stack of the walk.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    above: Option<&'a Path<'a>>,
    step: Step<'a>,
    /// Steps above.
    pub(super) depth: usize,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root(&'a str),
    Name(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// The place where the walk starts.
    pub(super) fn root(at: &'a str) -> Self {
        Self {
            above: None,
            step: Step::Root(at),
            depth: 0,
        }
    }

    /// A child, by its FHIRPath name.
    pub(super) fn name(&'a self, name: &'a str) -> Self {
        self.below(Step::Name(name))
    }

    /// A repetition.
    pub(super) fn index(&'a self, index: usize) -> Self {
        self.below(Step::Index(index))
    }

    fn below(&'a self, step: Step<'a>) -> Self {
        Self {
            above: Some(self),
            step,
            depth: self.depth + 1,
        }
    }

    /// The FHIRPath.
    pub(super) fn write(&self) -> String {
        let mut path = self.above.map(Path::write).unwrap_or_default();
        match self.step {
            Step::Root(at) => path.push_str(at),
            Step::Name(name) => push_name(&mut path, name),
            Step::Index(index) => push_index(&mut path, index),
        }
        path
    }
}

/// Adds a child.
pub(super) fn push_name(path: &mut String, name: &str) {
    path.push('.');
    path.push_str(name);
}

/// Adds the place in a repetition.
pub(super) fn push_index(path: &mut String, index: usize) {
    path.push('[');
    path.push_str(&index.to_string());
    path.push(']');
}
