#pragma once
// The message types of PostgreSQL protocol 3, named as the manual names them (55.7 "Message
// Formats"). The value of each is its type byte.

#include <cstdint>
#include <string_view>

namespace chaperone::pg {

// From the client, after the startup packet.
enum class FrontendType : std::uint8_t {
  kBind = 'B',
  kClose = 'C',
  kCopyData = 'd',
  kCopyDone = 'c',
  kCopyFail = 'f',
  kDescribe = 'D',
  kExecute = 'E',
  kFlush = 'H',
  kFunctionCall = 'F',
  kParse = 'P',
  kPassword = 'p',  // PasswordMessage, SASLInitialResponse, SASLResponse: told apart by the login
  kQuery = 'Q',
  kSync = 'S',
  kTerminate = 'X',
};

enum class BackendType : std::uint8_t {
  kAuthentication = 'R',
  kBackendKeyData = 'K',
  kBindComplete = '2',
  kCloseComplete = '3',
  kCommandComplete = 'C',
  kCopyBothResponse = 'W',
  kCopyData = 'd',
  kCopyDone = 'c',
  kCopyInResponse = 'G',
  kCopyOutResponse = 'H',
  kDataRow = 'D',
  kEmptyQueryResponse = 'I',
  kErrorResponse = 'E',
  kFunctionCallResponse = 'V',
  kNegotiateProtocolVersion = 'v',
  kNoData = 'n',
  kNoticeResponse = 'N',
  kNotificationResponse = 'A',
  kParameterDescription = 't',
  kParameterStatus = 'S',
  kParseComplete = '1',
  kPortalSuspended = 's',
  kReadyForQuery = 'Z',
  kRowDescription = 'T',
};

inline constexpr std::string_view kUnknownMessageName = "unknown message";
// The manual's name ("CopyInResponse"); kUnknownMessageName for a byte that is none.
std::string_view name_of(FrontendType type);
std::string_view name_of(BackendType type);

// What ReadyForQuery says of the transaction.
enum class TransactionStatus : std::uint8_t {
  kIdle = 'I',
  kInBlock = 'T',
  kFailed = 'E',
};

// Codes of Authentication ('R').
enum class AuthenticationCode : std::uint32_t {
  kOk = 0,
  kKerberosV5 = 2,
  kCleartextPassword = 3,
  kMd5Password = 5,
  kGss = 7,
  kGssContinue = 8,
  kSspi = 9,
  kSasl = 10,
  kSaslContinue = 11,
  kSaslFinal = 12,
};

}  // namespace chaperone::pg
