#pragma once

/// Streamed bodies in the form that a client asks for: indented, compressed, piece by piece on
/// their way out. Their length is then not known, so they are sent in chunks.

#include <memory>

#include "api/http/message.h"

namespace conclave::api {

/// A JSON body, indented (api/codec/indent.h).
std::unique_ptr<BodyStream> indent_stream(std::unique_ptr<BodyStream> body);
std::unique_ptr<BodyStream> gzip_stream(std::unique_ptr<BodyStream> body);

}  // namespace conclave::api
