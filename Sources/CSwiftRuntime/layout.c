#include "tasks.h"

struct probe_layout probe_layout;

/* One row for each layout that was tested. */
static const struct probe_layout layouts[] = {
    {/* Swift 6.3 */
     .task_size = 0xd0,
     .layout_version = 1,
     .job_flags = 0x20,
     .resume_function = 0x38,
     .resume_context = 0x40,
     .exclusivity = 0x50,
     .status = 0x60,
     .records = 0x68,
     .dependency = 0xa0,
     .slab = 0x78,
     .slab_next = 8,
     .slab_size = 0x10,
     .slab_used = 0x14,
     .slab_head = 0x20,
     .dependency_object = 0x10,
     .dependency_kind = 0x20,
     .context_parent = 0,
     .context_resume = 8,
     .context_function = -24,
     .stream_storage = 24},
};

bool probe_layout_find(uint32_t task_size, uint32_t layout_version) {
  for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
    if (layouts[i].task_size != task_size || layouts[i].layout_version != layout_version) continue;
    probe_layout = layouts[i];
    return true;
  }
  return false;
}
