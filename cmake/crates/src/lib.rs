//! Empty: cargo builds the dependencies' C code, and cmake/crates.cmake links the archives.
