#include "proto-parsers/sql/walker.h"

// CREATE: an object is defined, and what its definition would do counts at once, so that a view or
// function cannot carry past a rule what the statement itself could not.

namespace chaperone::sql {
namespace {

// Statements whose name and kind need no more than this; what they hold is walked like any tree.
struct CreateRow {
  NodeTag tag;
  std::string_view verb;
  EffectSet effects;
  ObjectKind kind;
};

const CreateRow kCreates[] = {
    {T_CreateSchemaStmt, "CREATE SCHEMA", Effect::kDefine, ObjectKind::kSchema},
    {T_CreateTableSpaceStmt, "CREATE TABLESPACE", Effect::kDefine | Effect::kAdmin,
     ObjectKind::kOther},
    // An extension's script runs as its owner, often the superuser.
    {T_CreateExtensionStmt, "CREATE EXTENSION", Effect::kDefine | Effect::kAdmin | Effect::kRunCode,
     ObjectKind::kExtension},
    {T_CreateFdwStmt, "CREATE FOREIGN DATA WRAPPER",
     Effect::kDefine | Effect::kAdmin | Effect::kRunCode, ObjectKind::kOther},
    // A server is a way out.
    {T_CreateForeignServerStmt, "CREATE SERVER", Effect::kDefine | Effect::kExport,
     ObjectKind::kOther},
    {T_CreateUserMappingStmt, "CREATE USER MAPPING",
     Effect::kDefine | Effect::kExport | Effect::kGrant, ObjectKind::kOther},
    {T_ImportForeignSchemaStmt, "IMPORT FOREIGN SCHEMA", Effect::kDefine | Effect::kImport,
     ObjectKind::kSchema},
    {T_CreateAmStmt, "CREATE ACCESS METHOD", Effect::kDefine | Effect::kAdmin | Effect::kRunCode,
     ObjectKind::kOther},
    {T_CreateEventTrigStmt, "CREATE EVENT TRIGGER",
     Effect::kDefine | Effect::kAdmin | Effect::kRunCode, ObjectKind::kTrigger},
    {T_CreatePLangStmt, "CREATE LANGUAGE", Effect::kDefine | Effect::kAdmin | Effect::kRunCode,
     ObjectKind::kOther},
    {T_CreateDomainStmt, "CREATE DOMAIN", Effect::kDefine, ObjectKind::kType},
    {T_CreateOpClassStmt, "CREATE OPERATOR CLASS",
     Effect::kDefine | Effect::kAdmin | Effect::kRunCode, ObjectKind::kOther},
    {T_CreateOpFamilyStmt, "CREATE OPERATOR FAMILY", Effect::kDefine | Effect::kAdmin,
     ObjectKind::kOther},
    {T_CreateStatsStmt, "CREATE STATISTICS", Effect::kDefine, ObjectKind::kOther},
    {T_CompositeTypeStmt, "CREATE TYPE", Effect::kDefine, ObjectKind::kType},
    {T_CreateEnumStmt, "CREATE TYPE", Effect::kDefine, ObjectKind::kType},
    {T_CreateRangeStmt, "CREATE TYPE", Effect::kDefine | Effect::kRunCode, ObjectKind::kType},
    {T_CreatedbStmt, "CREATE DATABASE", Effect::kDefine | Effect::kAdmin, ObjectKind::kDatabase},
    {T_CreateConversionStmt, "CREATE CONVERSION", Effect::kDefine | Effect::kRunCode,
     ObjectKind::kOther},
    // From here on a function runs where nobody calls one by name.
    {T_CreateCastStmt, "CREATE CAST", Effect::kDefine | Effect::kRunCode, ObjectKind::kOther},
    {T_CreateTransformStmt, "CREATE TRANSFORM", Effect::kDefine | Effect::kRunCode,
     ObjectKind::kOther},
    {T_CreatePublicationStmt, "CREATE PUBLICATION", Effect::kDefine | Effect::kReplicate,
     ObjectKind::kPublication},
    {T_CreateSubscriptionStmt, "CREATE SUBSCRIPTION",
     Effect::kDefine | Effect::kReplicate | Effect::kImport, ObjectKind::kPublication},
};

std::string name_of_created(const Node* node) {
  switch (tag_of(node)) {
    case T_CreateSchemaStmt: {
      const auto* schema = CHAPERONE_AS(CreateSchemaStmt, node);
      if (!schema->schemaname && schema->authrole)
        return std::string(view_of(schema->authrole->rolename));
      return std::string(view_of(schema->schemaname));
    }
    case T_CreateTableSpaceStmt:
      return CHAPERONE_AS(CreateTableSpaceStmt, node)->tablespacename;
    case T_CreateExtensionStmt:
      return CHAPERONE_AS(CreateExtensionStmt, node)->extname;
    case T_CreateFdwStmt:
      return CHAPERONE_AS(CreateFdwStmt, node)->fdwname;
    case T_CreateForeignServerStmt:
      return CHAPERONE_AS(CreateForeignServerStmt, node)->servername;
    case T_CreateUserMappingStmt:
      return CHAPERONE_AS(CreateUserMappingStmt, node)->servername;
    case T_ImportForeignSchemaStmt:
      return CHAPERONE_AS(ImportForeignSchemaStmt, node)->local_schema;
    case T_CreateAmStmt:
      return CHAPERONE_AS(CreateAmStmt, node)->amname;
    case T_CreateEventTrigStmt:
      return CHAPERONE_AS(CreateEventTrigStmt, node)->trigname;
    case T_CreatePLangStmt:
      return CHAPERONE_AS(CreatePLangStmt, node)->plname;
    case T_CreateDomainStmt:
      return joined_name(CHAPERONE_AS(CreateDomainStmt, node)->domainname);
    case T_CreateOpClassStmt:
      return joined_name(CHAPERONE_AS(CreateOpClassStmt, node)->opclassname);
    case T_CreateOpFamilyStmt:
      return joined_name(CHAPERONE_AS(CreateOpFamilyStmt, node)->opfamilyname);
    case T_CreateStatsStmt:
      return joined_name(CHAPERONE_AS(CreateStatsStmt, node)->defnames);
    case T_CompositeTypeStmt:
      return std::string(view_of(CHAPERONE_AS(CompositeTypeStmt, node)->typevar->relname));
    case T_CreateEnumStmt:
      return joined_name(CHAPERONE_AS(CreateEnumStmt, node)->typeName);
    case T_CreateRangeStmt:
      return joined_name(CHAPERONE_AS(CreateRangeStmt, node)->typeName);
    case T_CreatedbStmt:
      return CHAPERONE_AS(CreatedbStmt, node)->dbname;
    case T_CreateConversionStmt:
      return joined_name(CHAPERONE_AS(CreateConversionStmt, node)->conversion_name);
    case T_CreatePublicationStmt:
      return CHAPERONE_AS(CreatePublicationStmt, node)->pubname;
    case T_CreateSubscriptionStmt:
      return CHAPERONE_AS(CreateSubscriptionStmt, node)->subname;
    default:
      return {};
  }
}

}  // namespace

bool Walker::create_statement(const Node* node) {
  switch (tag_of(node)) {
    case T_CreateStmt:
      create_table(CHAPERONE_AS(CreateStmt, node), "CREATE TABLE");
      return true;
    case T_CreateForeignTableStmt:
      create_table(&CHAPERONE_AS(CreateForeignTableStmt, node)->base, "CREATE FOREIGN TABLE");
      findings_.effect(Effect::kImport | Effect::kExport);
      named(ObjectKind::kOther, view_of(CHAPERONE_AS(CreateForeignTableStmt, node)->servername),
            Effect::kExport);
      return true;
    case T_CreateTableAsStmt:
      create_table_as(CHAPERONE_AS(CreateTableAsStmt, node));
      return true;
    case T_ViewStmt:
      create_view(CHAPERONE_AS(ViewStmt, node));
      return true;
    case T_IndexStmt:
      create_index(CHAPERONE_AS(IndexStmt, node));
      return true;
    case T_CreateFunctionStmt:
      create_function(CHAPERONE_AS(CreateFunctionStmt, node));
      return true;
    case T_CreateTrigStmt:
      create_trigger(CHAPERONE_AS(CreateTrigStmt, node));
      return true;
    case T_RuleStmt:
      create_rule(CHAPERONE_AS(RuleStmt, node));
      return true;
    case T_CreateSeqStmt:
      ddl("CREATE SEQUENCE", Effect::kDefine);
      defined(ObjectKind::kSequence, CHAPERONE_AS(CreateSeqStmt, node)->sequence, Effect::kDefine);
      return true;
    case T_DefineStmt:
      define_from(CHAPERONE_AS(DefineStmt, node));
      return true;
    default:
      break;
  }
  for (const auto& row : kCreates) {
    if (row.tag == tag_of(node)) {
      create_other(node);
      return true;
    }
  }
  return false;
}

void Walker::create_other(const Node* node) {
  for (const auto& row : kCreates) {
    if (row.tag != tag_of(node)) continue;
    ddl(row.verb, row.effects);
    std::string name = name_of_created(node);
    if (!name.empty()) findings_.object(row.kind, std::move(name), row.effects);
  }
  if (const auto* schema = CHAPERONE_AS(CreateSchemaStmt, node)) {
    for (const Node* element : Nodes(schema->schemaElts)) statement(element, text_);
    return;
  }
  if (const auto* trigger = CHAPERONE_AS(CreateEventTrigStmt, node)) {
    call(schema_name(trigger->funcname), last_name(trigger->funcname), nullptr);
  }
  if (const auto* publication = CHAPERONE_AS(CreatePublicationStmt, node))
    published(publication->pubobjects, publication->for_all_tables);
  if (const auto* statistics = CHAPERONE_AS(CreateStatsStmt, node)) {
    for (const Node* one : Nodes(statistics->relations))
      existing(ObjectKind::kTable, CHAPERONE_AS(RangeVar, one), Effect::kDefine);
  }
  if (CHAPERONE_AS(ImportForeignSchemaStmt, node)) anything(Effect::kDefine);
  Scope none;
  if (const auto* type = CHAPERONE_AS(CompositeTypeStmt, node))
    return expressions(type->coldeflist, none);
  if (const auto* cast = CHAPERONE_AS(CreateCastStmt, node); cast && cast->func) {
    call(schema_name(cast->func->objname), last_name(cast->func->objname), nullptr);
  }
  EffectSet saved = std::exchange(referred_, Effect::kDescribe);
  descend(node, none);
  referred_ = saved;
}

// Aggregates, operators and types name the functions that will run for them.
void Walker::define_from(const DefineStmt* node) {
  ddl("CREATE " + std::string(word_of(node->kind)), Effect::kDefine);
  findings_.object(kind_of(node->kind),
                   resolver_.created(schema_name(node->defnames), last_name(node->defnames)),
                   Effect::kDefine);
  bool runs =
      node->kind == OBJECT_AGGREGATE || node->kind == OBJECT_OPERATOR || node->kind == OBJECT_TYPE;
  if (!runs || !node->definition) return;
  findings_.effect(Effect::kRunCode);
  for (const Node* one : Nodes(node->definition)) {
    const auto* option = CHAPERONE_AS(DefElem, one);
    const auto* name = option ? CHAPERONE_AS(TypeName, option->arg) : nullptr;
    std::string_view what = option ? view_of(option->defname) : std::string_view();
    bool function = what.ends_with("func") || what == "function" || what == "procedure" ||
                    what == "input" || what == "output" || what == "receive" || what == "send";
    if (name && function) call(schema_name(name->names), last_name(name->names), nullptr);
  }
}

void Walker::create_table(const CreateStmt* node, std::string_view word) {
  ddl(word, Effect::kDefine);
  defined(ObjectKind::kTable, node->relation, Effect::kDefine);
  EffectSet saved = std::exchange(referred_, Effect::kLock);
  Scope none;
  expressions(node->tableElts, none);
  referred_ = Effect::kLock | Effect::kDefine;  // its rows are its parents' too
  expressions(node->inhRelations, none);
  referred_ = Effect::kLock;
  expressions(node->constraints, none);
  if (node->partbound) descend(node_of(node->partbound), none);
  if (node->partspec) descend(node_of(node->partspec), none);
  if (node->ofTypename) type_name(node->ofTypename);
  referred_ = saved;
}

void Walker::create_table_as(const CreateTableAsStmt* node) {
  bool view = node->objtype == OBJECT_MATVIEW;
  ddl(view ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS", Effect::kDefine);
  defined(view ? ObjectKind::kView : ObjectKind::kTable, node->into ? node->into->rel : nullptr,
          Effect::kDefine | Effect::kWrite);
  Walker inner(*this, resolver_, false);
  bool state = findings_.flags.leaves_session_state;
  if (const auto* prepared = CHAPERONE_AS(ExecuteStmt, node->query)) {
    inner.execute(prepared);
  } else {
    RowBound bound = query(node->query, nullptr);
    if (!inner_) findings_.row_bound = bound;
  }
  findings_.flags.leaves_session_state = findings_.flags.leaves_session_state || state;
}

void Walker::create_view(const ViewStmt* node) {
  ddl("CREATE VIEW", Effect::kDefine);
  defined(ObjectKind::kView, node->view, Effect::kDefine);
  query(node->query, nullptr);
}

void Walker::create_index(const IndexStmt* node) {
  ddl("CREATE INDEX", Effect::kDefine);
  existing(ObjectKind::kTable, node->relation, Effect::kDefine);
  if (node->idxname) {
    std::string schema(node->relation ? view_of(node->relation->schemaname) : std::string_view());
    findings_.object(ObjectKind::kIndex, resolver_.created(schema, node->idxname), Effect::kDefine);
  }
  Scope none;
  expressions(node->indexParams, none);
  expression(node->whereClause, none);
}

void Walker::create_trigger(const CreateTrigStmt* node) {
  ddl("CREATE TRIGGER", Effect::kDefine);
  existing(ObjectKind::kTable, node->relation, Effect::kDefine);
  if (node->relation) {
    findings_.object(ObjectKind::kTrigger,
                     relation_name(node->relation) + "." + std::string(view_of(node->trigname)),
                     Effect::kDefine);
  }
  call(schema_name(node->funcname), last_name(node->funcname), nullptr);
  expression(node->whenClause, Scope{});
}

void Walker::create_rule(const RuleStmt* node) {
  ddl("CREATE RULE", Effect::kDefine | Effect::kRunCode);
  existing(ObjectKind::kTable, node->relation, Effect::kDefine);
  if (node->relation) {
    findings_.object(ObjectKind::kRule,
                     relation_name(node->relation) + "." + std::string(view_of(node->rulename)),
                     Effect::kDefine);
  }
  expression(node->whereClause, Scope{});
  Walker inner(*this, resolver_, false);
  for (const Node* action : Nodes(node->actions)) inner.statement(action, text_);
}

}  // namespace chaperone::sql
