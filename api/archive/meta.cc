#include "api/archive/meta.h"

#include "api/codec/reader.h"
#include "api/codec/writer.h"

namespace conclave::api {

std::string encode_archive_meta(const ArchiveMeta& meta) { return to_json(meta); }

Result<ArchiveMeta> decode_archive_meta(std::string_view json) {
  return decode_body<ArchiveMeta>(json);
}

}  // namespace conclave::api
