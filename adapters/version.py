"""The version of attitre, from which the package's own is read when it is built."""

VERSION = "0.3.0"
