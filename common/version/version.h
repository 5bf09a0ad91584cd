// The version of everything that is built here; releases change it in this one place.
#pragma once

namespace firstline::version {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace firstline::version
