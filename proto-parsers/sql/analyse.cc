#include "proto-parsers/sql/analyse.h"

namespace chaperone::sql {

Analysis analyse(std::string_view, const Reading&, const Names&) {
  Analysis analysis;
  Statement statement;
  statement.verb = "UNKNOWN";
  statement.effects = Effect::kUnknown;
  statement.unknown_because = "the analyser is not built yet";
  analysis.meaning.statements.push_back(statement);
  analysis.meaning.effects = Effect::kUnknown;
  analysis.meaning.risk = Risk::kCritical;
  analysis.may_change_reading = analysis.leaves_session_state = analysis.changes_catalogue = true;
  return analysis;
}

}  // namespace chaperone::sql
