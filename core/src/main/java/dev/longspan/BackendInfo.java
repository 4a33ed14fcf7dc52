package dev.longspan;

import dev.longspan.spi.Device;
import java.util.List;

/**
 * What an engine computes with.
 *
 * @param id the backend's id
 * @param device the device it computes on
 * @param description how it computes, for people
 * @param notices why it was chosen and what would make it faster; may be empty
 */
public record BackendInfo(String id, Device device, String description, List<String> notices) {
    /** Copies the components. */
    public BackendInfo {
        notices = List.copyOf(notices);
    }
}
