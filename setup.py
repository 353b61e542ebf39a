"""The native backend, built where a Rust toolchain is and left out elsewhere; all else is in pyproject.toml."""

from setuptools import setup
from setuptools_rust import Binding, RustExtension

setup(
    rust_extensions=[
        RustExtension(
            "secretballot.crypto.group._native",
            path="src/rust/Cargo.toml",
            binding=Binding.PyO3,
            py_limited_api="auto",
            optional=True,
            # An editable installation is for development and for measuring: never unoptimised code.
            debug=False,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
