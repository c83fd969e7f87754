//! Host bindings, generated from the WIT files under wit/, to the interfaces that Weir offers.
