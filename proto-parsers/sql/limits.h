#pragma once
// Bounds of this room, each with its reason.

#include <cstddef>

#include "proto-parsers/base/limits.h"

namespace chaperone::sql {

// A statement longer than the session would hold cannot arrive; bodies from the catalogue can.
inline constexpr std::size_t kTextBytesMax = kStatementBytesMax;

// Beyond this a text is generated data (bulk INSERTs), which a cache of shapes would only churn on.
inline constexpr std::size_t kShapeBytesMax = 64 * 1024;

// Comments opened in one run of operator characters, where each costs the whole run (tree.cc).
inline constexpr std::size_t kCommentsInRunMax = 64;

// Nesting of expressions, subqueries and statements in one tree. PostgreSQL's own limit is its
// stack (about 5,000 levels); chains of one operator are walked in a loop and do not count.
inline constexpr int kTreeDepthMax = 600;

// Views, functions and triggers beneath one another; recursion ends on the set of those seen.
inline constexpr int kBodyDepthMax = 16;

// Code within a text within code (EXECUTE 'DO $$ ... $$'): each level is parsed again.
inline constexpr int kCodeDepthMax = 20;

// Bodies (functions, views, policies, ...) read beneath one statement, and their bytes beneath one
// text: they bound the time of one analyse() to about a second.
inline constexpr int kBodiesMax = 1024;
inline constexpr std::size_t kBodyBytesMax = 16 * 1024 * 1024;

// Statements, objects, columns and functions of one text: more is unknown.
inline constexpr std::size_t kStatementsMax = 1000;
inline constexpr std::size_t kNamesMax = 10000;

// Secrets of one shape, which its judgement keeps: beyond this all constants of a text are taken out.
inline constexpr std::size_t kSecretPlacesMax = 1000;

// Entries of one FROM list, and steps of resolving names in one text: a text of 1 MB could ask for
// 10^10 of them otherwise. The steps take well under a second.
inline constexpr std::size_t kSourcesMax = 2000;
inline constexpr std::size_t kWorkMax = 2'000'000;

// A database with more than this is served without a catalogue, and that is said.
inline constexpr std::size_t kCatalogueBytesMax = 256 * 1024 * 1024;
inline constexpr std::size_t kCatalogueRowsMax = 4'000'000;

}  // namespace chaperone::sql
