#include "proto-parsers/postgres/messages.h"

namespace chaperone::pg {

std::string_view name_of(FrontendType type) {
  switch (type) {
    case FrontendType::kBind:
      return "Bind";
    case FrontendType::kClose:
      return "Close";
    case FrontendType::kCopyData:
      return "CopyData";
    case FrontendType::kCopyDone:
      return "CopyDone";
    case FrontendType::kCopyFail:
      return "CopyFail";
    case FrontendType::kDescribe:
      return "Describe";
    case FrontendType::kExecute:
      return "Execute";
    case FrontendType::kFlush:
      return "Flush";
    case FrontendType::kFunctionCall:
      return "FunctionCall";
    case FrontendType::kParse:
      return "Parse";
    case FrontendType::kPassword:
      return "PasswordMessage";
    case FrontendType::kQuery:
      return "Query";
    case FrontendType::kSync:
      return "Sync";
    case FrontendType::kTerminate:
      return "Terminate";
  }
  return kUnknownMessageName;
}

std::string_view name_of(BackendType type) {
  switch (type) {
    case BackendType::kAuthentication:
      return "Authentication";
    case BackendType::kBackendKeyData:
      return "BackendKeyData";
    case BackendType::kBindComplete:
      return "BindComplete";
    case BackendType::kCloseComplete:
      return "CloseComplete";
    case BackendType::kCommandComplete:
      return "CommandComplete";
    case BackendType::kCopyBothResponse:
      return "CopyBothResponse";
    case BackendType::kCopyData:
      return "CopyData";
    case BackendType::kCopyDone:
      return "CopyDone";
    case BackendType::kCopyInResponse:
      return "CopyInResponse";
    case BackendType::kCopyOutResponse:
      return "CopyOutResponse";
    case BackendType::kDataRow:
      return "DataRow";
    case BackendType::kEmptyQueryResponse:
      return "EmptyQueryResponse";
    case BackendType::kErrorResponse:
      return "ErrorResponse";
    case BackendType::kFunctionCallResponse:
      return "FunctionCallResponse";
    case BackendType::kNegotiateProtocolVersion:
      return "NegotiateProtocolVersion";
    case BackendType::kNoData:
      return "NoData";
    case BackendType::kNoticeResponse:
      return "NoticeResponse";
    case BackendType::kNotificationResponse:
      return "NotificationResponse";
    case BackendType::kParameterDescription:
      return "ParameterDescription";
    case BackendType::kParameterStatus:
      return "ParameterStatus";
    case BackendType::kParseComplete:
      return "ParseComplete";
    case BackendType::kPortalSuspended:
      return "PortalSuspended";
    case BackendType::kReadyForQuery:
      return "ReadyForQuery";
    case BackendType::kRowDescription:
      return "RowDescription";
  }
  return kUnknownMessageName;
}

}  // namespace chaperone::pg
