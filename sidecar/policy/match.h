#pragma once
// Does a match speak about this? Everything here depends on subject, resource and meaning alone.
//
// A statement is judged act by act. An *act* is one effect on one thing: (read, table
// public.customers), (read, column public.customers.ssn), (run_code, nothing named). Which acts are
// looked at and what "fits" means depends on the reading (parameter.h):
//
//   broad   one act that fits is enough for the rule to speak. Effects that concern a statement as
//           a whole (export, run_code, ...) are taken to touch each of its objects; an unqualified
//           name fits in every schema; an unknown statement fits everything.
//   narrow  the act must lie wholly within what the match names.

#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/core/meaning.h"
#include "proto-parsers/core/subject.h"
#include "sidecar/policy/rules.h"

namespace chaperone::policy {

// Points into the Statement it was made from. At most one of the three is set.
struct Act {
  Effect effect = Effect::kUnknown;
  const Object* object = nullptr;
  const Column* column = nullptr;
  const std::string* function = nullptr;
};
std::string describe(const Act& act);  // "read on column public.customers.ssn"

// The acts that must be covered for a statement to pass.
std::vector<Act> acts_of(const Statement& statement);
// The acts among which a refusing match looks.
std::vector<Act> acts_for(const Match& match, const Statement& statement);

bool in_scope(const Match& match, const Subject& subject, std::uint32_t resource);
// What is asked of the statement as a whole: verb, row bound, limit, number of statements.
bool fits_statement(const Match& match, const Statement& statement, std::size_t statements);
// Whether the act fits a refusing match only because an unknown statement could be anything.
bool fits_by_doubt(const Match& match, const Act& act);
// By match.reading; asks fits_statement too. Scope and guard are the caller's.
bool fits(const Match& match, const Statement& statement, std::size_t statements, const Act& act);

}  // namespace chaperone::policy
