#pragma once
// Catch's CHECK, in files that also see the house's: include this last.

#include "proto-parsers/base/check.h"

#undef CHECK
#include <catch2/catch.hpp>
