#include "proto-parsers/sql/plpgsql.h"

#include <rapidjson/document.h>

#include <cstdlib>

#include "proto-parsers/sql/lexer.h"
#include "proto-parsers/sql/nodes.h"

namespace chaperone::sql {
namespace {

// libpg_query raises some errors outside its own handler, so here is one. It holds nothing that
// needs a destructor. Contexts that the error left behind are the newest children of the top one.
bool parse_guarded(const char* input, PgQueryPlpgsqlParseResult* result) {
  static_assert(std::is_trivially_destructible_v<PgQueryPlpgsqlParseResult>);
  MemoryContext first = pg_query_enter_memory_context();  // makes sure that the thread is set up
  pg_query_exit_memory_context(first);
  MemoryContext before = TopMemoryContext->firstchild;
  volatile bool ok = false;
  sigjmp_buf* saved_stack = PG_exception_stack;
  ErrorContextCallback* saved_callbacks = error_context_stack;
  sigjmp_buf here;
  if (sigsetjmp(here, 0) == 0) {
    PG_exception_stack = &here;
    *result = pg_query_parse_plpgsql(input);
    ok = true;
  } else {
    MemoryContextSwitchTo(TopMemoryContext);
    FlushErrorState();
    while (TopMemoryContext->firstchild && TopMemoryContext->firstchild != before &&
           TopMemoryContext->firstchild != ErrorContext) {
      MemoryContextDelete(TopMemoryContext->firstchild);
    }
  }
  PG_exception_stack = saved_stack;
  error_context_stack = saved_callbacks;
  return ok;
}

// libpg_query writes "{}}" for a trigger function's built-in variables: one brace too many.
std::string mended(std::string_view json) {
  std::string made;
  made.reserve(json.size());
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    made += c;
    if (quoted) {
      if (c == '\\' && i + 1 < json.size())
        made += json[++i];
      else if (c == '"')
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '}' && (made.ends_with("[{}") || made.ends_with(",{}")) &&
               json.substr(i + 1, 1) == "}") {
      ++i;
    }
  }
  return made;
}

struct Visit {
  const rapidjson::Value* value;
  bool dynamic;
};

void take_expression(const rapidjson::Value& expression, bool dynamic, PlCode& code) {
  auto query = expression.FindMember("query");
  if (query == expression.MemberEnd() || !query->value.IsString()) return;
  auto mode = expression.FindMember("parseMode");
  int number = mode != expression.MemberEnd() && mode->value.IsInt() ? mode->value.GetInt() : 0;
  PlFragment fragment;
  fragment.text.assign(query->value.GetString(), query->value.GetStringLength());
  fragment.mode = static_cast<ParseMode>(number >= 0 && number <= 5 ? number : 0);
  fragment.dynamic = dynamic;
  code.fragments.push_back(std::move(fragment));
}

// Every expression in the tree, wherever it stands; those that are run as SQL are known by where.
void collect(const rapidjson::Value& root, PlCode& code) {
  std::vector<Visit> open = {{&root, false}};
  while (!open.empty()) {
    Visit visit = open.back();
    open.pop_back();
    if (visit.value->IsArray()) {
      for (const auto& element : visit.value->GetArray()) open.push_back({&element, false});
    }
    if (!visit.value->IsObject()) continue;
    for (const auto& member : visit.value->GetObject()) {
      std::string_view name(member.name.GetString(), member.name.GetStringLength());
      if (name == "PLpgSQL_expr" && member.value.IsObject()) {
        take_expression(member.value, visit.dynamic, code);
      } else if (name == "refname" && member.value.IsString()) {
        code.variables.emplace(member.value.GetString(), member.value.GetStringLength());
      } else if (name == "PLpgSQL_stmt_dynexecute" || name == "PLpgSQL_stmt_dynfors") {
        // Their query is an expression; their bodies and parameters are visited as usual.
        for (const auto& part : member.value.GetObject()) {
          open.push_back({&part.value, std::string_view(part.name.GetString()) == "query"});
        }
      } else {
        if (name == "PLpgSQL_stmt_commit" || name == "PLpgSQL_stmt_rollback")
          code.transaction_control = true;
        open.push_back({&member.value, name == "dynquery"});
      }
    }
  }
}

// libpg_query's JSON leaves out the default of a record variable, so all defaults are taken from
// the text: in a DECLARE section, what follows :=, = or DEFAULT up to the semicolon.
void collect_defaults(std::string_view body, PlCode& code) {
  Lexer lexer(body, Reading{});
  constexpr auto kNone = std::string_view::npos;
  bool declaring = false, cursor = false;
  std::size_t from = kNone, words = 0;
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    if (token.kind == TokenKind::kBroken)
      return void(code.error = "its tokens cannot be told apart");
    bool word = token.kind == TokenKind::kWord;
    if (word && from == kNone &&
        (same_word(token.text, "declare") || same_word(token.text, "begin"))) {
      declaring = same_word(token.text, "declare");
      cursor = false;
      words = 0;
    } else if (declaring && token.text == ";") {
      if (from != kNone) {
        code.fragments.push_back(
            {std::string(body.substr(from, token.begin - from)), ParseMode::kExpression, false});
      }
      from = kNone;
      cursor = false;
      words = 0;
    } else if (declaring && from == kNone && !cursor) {
      // A cursor's query is in the JSON. The first word is the variable's name, whatever it says.
      cursor = words > 0 && word && same_word(token.text, "cursor");
      bool starts = token.text == ":=" || token.text == "=" ||
                    (words > 0 && word && same_word(token.text, "default"));
      if (starts) from = token.begin + token.text.size();
      words += word || token.kind == TokenKind::kQuotedName ? 1 : 0;
    }
  }
}

}  // namespace

PlCode read_plpgsql(std::string_view statement, std::string_view body) {
  PlCode code;
  std::string terminated(statement);
  PgQueryPlpgsqlParseResult result{};
  if (!parse_guarded(terminated.c_str(), &result)) {
    code.error = "its PL/pgSQL cannot be read";
    return code;
  }
  if (result.error) {
    code.error = result.error->message ? result.error->message : "PL/pgSQL syntax error";
  } else {
    std::string json = mended(result.plpgsql_funcs ? result.plpgsql_funcs : "");
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    if (document.HasParseError() || !document.IsArray() || document.Empty()) {
      code.error = "its PL/pgSQL cannot be read";
    } else {
      collect(document, code);
      collect_defaults(body, code);
    }
  }
  pg_query_free_plpgsql_parse_result(result);
  return code;
}

}  // namespace chaperone::sql
