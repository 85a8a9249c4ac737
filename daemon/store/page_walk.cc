#include "daemon/store/page_walk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <vector>

#include "base/core/bytes.h"
#include "base/core/crc32c.h"
#include "base/run/file.h"
#include "daemon/store/row_frame.h"

namespace conclave::daemon {
namespace {

/// LMDB 0.9's layout, as far as it is needed to read:
///   page   [8 number][2 -][2 flags][2 end of pointers][2 start of nodes][2 pointer]* ... nodes
///   node   [2 low][2 high][2 flags][2 key size][key][data]
///   tree   [4 -][2 flags][2 depth][8 branch][8 leaf][8 overflow pages][8 entries][8 root]
constexpr std::size_t page_head_bytes = 16;
constexpr std::size_t node_head_bytes = 8;
constexpr std::size_t tree_bytes = 48;
constexpr std::size_t tree_root_at = 40;
constexpr std::size_t meta_free_tree_at = 40;
constexpr std::size_t meta_main_tree_at = 88;
constexpr std::size_t meta_transaction_id_at = 144;
constexpr unsigned branch_page = 0x01;
constexpr unsigned leaf_page = 0x02;
constexpr unsigned overflow_page = 0x04;
constexpr unsigned node_on_overflow_pages = 0x01;
constexpr unsigned node_is_tree = 0x02;
constexpr std::uint64_t no_page = ~std::uint64_t{0};
constexpr int depth_max = 32;

unsigned load_u16_le(const char* at) {
  return static_cast<unsigned char>(at[0]) | unsigned{static_cast<unsigned char>(at[1])} << 8;
}

struct Walk {
  std::string_view file;
  std::vector<bool> used;

  using LeafVisitor =
      FunctionRef<Result<void>(std::string_view key, std::string_view data, unsigned flags)>;

  static std::unexpected<Error> wrong(std::uint64_t page, std::string_view what) {
    return fail(ErrorCode::corrupt, fmt::format("page {} {}", page, what));
  }

  /// A page belongs to one tree or to the free list.
  Result<void> claim(std::uint64_t page) {
    if (page < 2 || page >= used.size()) return wrong(page, "is outside the file");
    if (used[page]) return wrong(page, "is used twice");
    used[page] = true;
    return {};
  }

  Result<std::string_view> page_of_kind(std::uint64_t number) {
    CONCLAVE_TRY(claim(number));
    const std::string_view page = file.substr(number * lmdb_page_bytes, lmdb_page_bytes);
    if (load_u64_le(page.data()) != number) return wrong(number, "carries another number");
    return page;
  }

  Result<void> tree(std::uint64_t root, LeafVisitor visit, int depth = 0) {
    if (root == no_page) return {};
    if (depth > depth_max) return wrong(root, "is nested too deep");
    CONCLAVE_TRY_ASSIGN(const std::string_view page, page_of_kind(root));
    const unsigned flags = load_u16_le(page.data() + 10);
    const unsigned pointers_end = load_u16_le(page.data() + 12);
    if (flags != branch_page && flags != leaf_page) return wrong(root, "is no page of a tree");
    if (pointers_end < page_head_bytes || pointers_end > page.size()) {
      return wrong(root, "has more entries than fit");
    }
    for (std::size_t at = page_head_bytes; at + 2 <= pointers_end; at += 2) {
      const unsigned node_at = load_u16_le(page.data() + at);
      if (node_at < pointers_end || node_at + node_head_bytes > page.size()) {
        return wrong(root, "has an entry outside of it");
      }
      const std::string_view node = page.substr(node_at);
      CONCLAVE_TRY(flags == branch_page ? tree(child_of(node), visit, depth + 1)
                                        : leaf(root, node, visit));
    }
    return {};
  }

  static std::uint64_t child_of(std::string_view node) {
    return load_u16_le(node.data()) | std::uint64_t{load_u16_le(node.data() + 2)} << 16 |
           std::uint64_t{load_u16_le(node.data() + 4)} << 32;
  }

  Result<void> leaf(std::uint64_t page, std::string_view node, LeafVisitor visit) {
    const std::uint64_t size =
        load_u16_le(node.data()) | std::uint64_t{load_u16_le(node.data() + 2)} << 16;
    const unsigned flags = load_u16_le(node.data() + 4);
    const unsigned key_size = load_u16_le(node.data() + 6);
    const bool apart = (flags & node_on_overflow_pages) != 0;
    ByteReader reader(node.substr(node_head_bytes));
    const std::string_view key = reader.take(key_size);
    std::string_view data = reader.take(apart ? 8 : size);
    if (!reader.ok()) return wrong(page, "has an entry that is longer than it");
    if (apart) {
      CONCLAVE_TRY_ASSIGN(data, overflow(load_u64_le(data.data()), size));
    }
    return visit(key, data, flags);
  }

  Result<std::string_view> overflow(std::uint64_t first, std::uint64_t size) {
    const std::uint64_t count = (page_head_bytes + size + lmdb_page_bytes - 1) / lmdb_page_bytes;
    CONCLAVE_TRY_ASSIGN(const std::string_view page, page_of_kind(first));
    if (load_u16_le(page.data() + 10) != overflow_page) return wrong(first, "holds no long value");
    for (std::uint64_t i = 1; i < count; ++i) CONCLAVE_TRY(claim(first + i));
    return file.substr(first * lmdb_page_bytes + page_head_bytes, size);
  }
};

/// What the pieces of one chunked row amount to.
struct Pieces {
  std::uint64_t size = 0;
  std::uint32_t crc = 0;
  std::uint32_t count = 0;
};

struct Contents {
  std::map<std::string, std::uint64_t, std::less<>> roots;  ///< Of the named trees.
  std::map<std::uint64_t, Pieces> chunks;
  Position position;
  std::uint64_t rows = 0;
  std::uint64_t state_hash = 0;
};

Result<void> read_free_list(Walk& walk, std::uint64_t root) {
  return walk.tree(root, [&](std::string_view, std::string_view data, unsigned) -> Result<void> {
    ByteReader reader(data);
    for (std::uint64_t left = reader.u64_le(); left > 0 && reader.ok(); --left) {
      const std::uint64_t page = reader.u64_le();
      if (reader.ok()) CONCLAVE_TRY(walk.claim(page));
    }
    if (!reader.ok()) return fail(ErrorCode::corrupt, "the free list is cut off");
    return {};
  });
}

Result<void> read_roots(Walk& walk, std::uint64_t root, Contents& contents) {
  return walk.tree(
      root, [&](std::string_view key, std::string_view data, unsigned flags) -> Result<void> {
        if ((flags & node_is_tree) == 0 || data.size() != tree_bytes) {
          return fail(ErrorCode::corrupt, "the list of databases holds something else");
        }
        contents.roots[std::string(key)] = load_u64_le(data.data() + tree_root_at);
        return {};
      });
}

Result<void> read_chunks(Walk& walk, Contents& contents) {
  return walk.tree(contents.roots["chunks"],
                   [&](std::string_view key, std::string_view data, unsigned) -> Result<void> {
                     ByteReader reader(key);
                     Pieces& pieces = contents.chunks[reader.u64_be()];
                     if (reader.u32_be() != pieces.count || !reader.ok()) {
                       return fail(ErrorCode::corrupt, "a piece of a long row is missing");
                     }
                     pieces.size += data.size();
                     pieces.crc = crc32c(data, pieces.crc);
                     pieces.count += 1;
                     return {};
                   });
}

Result<void> read_rows(Walk& walk, Contents& contents) {
  return walk.tree(contents.roots["rows"],
                   [&](std::string_view key, std::string_view data, unsigned) -> Result<void> {
                     const std::optional<RowFrame> frame = read_frame(key, data);
                     if (!frame) return fail(ErrorCode::corrupt, "a row's checksum does not agree");
                     contents.rows += 1;
                     if (frame->kind == RowKind::in_place) {
                       contents.state_hash += row_hash(key, frame->row);
                       return {};
                     }
                     contents.state_hash += frame->chunked.hash;
                     const Pieces& pieces = contents.chunks[frame->chunked.chunk_id];
                     if (pieces.size != frame->chunked.size || pieces.crc != frame->chunked.crc) {
                       return fail(ErrorCode::corrupt, "the checksum of a long row does not agree");
                     }
                     return {};
                   });
}

Result<void> read_position(Walk& walk, Contents& contents) {
  return walk.tree(contents.roots["meta"],
                   [&](std::string_view, std::string_view data, unsigned) -> Result<void> {
                     CONCLAVE_TRY_ASSIGN(contents.position, decode_position(data));
                     return {};
                   });
}

Result<void> walk_file(std::string_view file, const Checkpoint& checkpoint) {
  CONCLAVE_TRY_ASSIGN(const MetaPages meta, read_meta_pages(checkpoint.meta_pages));
  if (file.size() / lmdb_page_bytes <= meta.last_page) {
    return fail(ErrorCode::corrupt, "the file is cut off");
  }
  const char* page = checkpoint.meta_pages.data();
  if (load_u64_le(page + meta_transaction_id_at) != meta.transaction_id) page += lmdb_page_bytes;

  Walk walk{.file = file, .used = std::vector<bool>(meta.last_page + 1)};
  Contents contents;
  CONCLAVE_TRY(read_free_list(walk, load_u64_le(page + meta_free_tree_at + tree_root_at)));
  CONCLAVE_TRY(read_roots(walk, load_u64_le(page + meta_main_tree_at + tree_root_at), contents));
  for (const char* name : {"rows", "chunks", "meta"}) {
    if (!contents.roots.contains(name)) {
      return fail(ErrorCode::corrupt, fmt::format("there is no database {}", name));
    }
  }
  CONCLAVE_TRY(read_chunks(walk, contents));
  CONCLAVE_TRY(read_rows(walk, contents));
  CONCLAVE_TRY(read_position(walk, contents));
  const bool same = contents.rows == checkpoint.rows &&
                    contents.state_hash == checkpoint.state_hash &&
                    contents.position.applied == checkpoint.applied;
  if (!same) return fail(ErrorCode::corrupt, "the rows are not those of the checkpoint");
  return {};
}

}  // namespace

Result<void> walk_pages(const std::string& path, const Checkpoint& checkpoint) {
  CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(path, O_RDONLY));
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  if (size <= 0) return fail(ErrorCode::corrupt, path + " is empty");
  const auto bytes = static_cast<std::size_t>(size);
  void* mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (mapped == MAP_FAILED) return fail_errno("map", path, errno);
  Result<void> result = walk_file({static_cast<const char*>(mapped), bytes}, checkpoint);
  ::munmap(mapped, bytes);
  if (!result) return fail(path, result.error());
  return {};
}

}  // namespace conclave::daemon
