package dev.longspan.model;

import static dev.longspan.model.TestFolder.assertFault;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.spi.ModelLoadException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsFileTest {
    private static final String FILE = "x.safetensors";

    @TempDir
    Path temp;

    private SafetensorsFile open(byte[] content) throws IOException {
        Files.write(temp.resolve(FILE), content);
        return SafetensorsFile.open(new FolderReader(temp), FILE);
    }

    private static byte[] length(long length, int rest) {
        return ByteBuffer.allocate(8 + rest)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .array();
    }

    @Test
    void tensorsOfEveryTypeAreListedWithTheirPlaces() throws IOException {
        String header = "{\"b\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[3,7]},"
                + "\"a\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[0,3]},"
                + "\"n\":{\"dtype\":\"F64\",\"shape\":[0,9],\"data_offsets\":[3,3]},"
                + "\"odd\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[7,9],\"more\":[1]}}  ";
        try (SafetensorsFile file = open(TestFolder.file(header, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9}))) {
            assertThat(file.tensors().keySet()).containsExactly("b", "a", "n", "odd");
            long start = 8L + header.length();
            assertThat(file.tensors().get("b")).isEqualTo(new StoredTensor(FILE, "b", "F32", List.of(), start + 3, 4));
            ByteBuffer two = ByteBuffer.allocate(2);
            file.read(start + 7, two);
            assertThat(two.array()).containsExactly(8, 9);
            ByteBuffer map = file.map(start + 3, 4);
            assertThat(map.isReadOnly()).isTrue();
            assertThat(map.getInt(0)).isEqualTo(0x07060504);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'a':{'dtype':'F32','shape':[2],'data_offsets':[0,4]}|a|expected 8 bytes for F32 of shape [2]",
                "'a':{'dtype':'F32','shape':[1],'data_offsets':[0,8]}|a|expected 4 bytes",
                "'a':{'dtype':'F32','shape':[3],'data_offsets':[0,12]}|a|end <= 8",
                "'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}|a|begin <= end",
                "'a':{'dtype':'F32','shape':[2],'data_offsets':[-8,0]}|a|at least 0, found -8",
                "'a':{'dtype':'F32','shape':[2],'data_offsets':[0]}|a|[begin, end]",
                "'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8,9]}|a|[begin, end]",
                "'a':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}|a|found 2.0",
                "'a':{'dtype':'F32','shape':['2'],'data_offsets':[0,8]}|a|whole numbers",
                "'a':{'dtype':'F32','shape':[99999999999999999999],'data_offsets':[0,8]}|a|found 99999999999999999999",
                "'a':{'dtype':'F32','shape':[9223372036854775807,4],'data_offsets':[0,8]}|a|fewer numbers",
                "'a':{'dtype':'F32','shape':2,'data_offsets':[0,8]}|a|expected shape as a list",
                "'a':{'dtype':7,'shape':[2],'data_offsets':[0,8]}|a|expected dtype as a string",
                "'a':{'shape':[2],'data_offsets':[0,8]}|a|found no dtype",
                "'a':{'dtype':'F32','data_offsets':[0,8]}|a|found no shape",
                "'a':{'dtype':'F32','shape':[2]}|a|found no data_offsets",
                "'a':7|a|expected an object",
                "'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'b':{'dtype':'F32','shape':[1],'data_offsets':[2,6]}|b|overlaps a",
                "'a':{'dtype':'F16','shape':[1],'data_offsets':[0,2]},'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}|b|leaves a hole behind a",
                "'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}|b|leaves a hole behind the header",
                "'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}||expected the tensors to end with the file",
            })
    void aFaultOfATensorNamesIt(String entries, String item, String words) {
        byte[] content = TestFolder.file("{" + entries.replace('\'', '"') + "}", new byte[8]);
        assertFault(FILE, item == null ? "" : item, () -> open(content), words);
    }

    @Test
    void aNameThatComesTwiceIsRefused() {
        String entry = "\"twin\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
        assertThatThrownBy(() -> open(TestFolder.file("{" + entry + "," + entry + "}", new byte[4])))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageStartingWith(FILE + ": header, line 1")
                .hasMessageContaining("twin");
    }

    @Test
    void aTruncatedFileIsRefusedWhereverItWasCut() {
        byte[] whole = TestFolder.file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", new byte[8]);
        for (int size = 0; size < whole.length; size++) {
            byte[] cut = Arrays.copyOf(whole, size);
            assertThatThrownBy(() -> open(cut))
                    .isInstanceOf(ModelLoadException.class)
                    .hasMessageContaining(FILE);
        }
    }

    @Test
    void aHeadersLengthIsCheckedBeforeAnythingIsReserved() throws IOException {
        assertFault(FILE, "", () -> open(new byte[7]), "found a file of 7 bytes");
        assertFault(FILE, "header length", () -> open(length(100, 10)), "expected 2 to 10 bytes", "found 100");
        assertFault(FILE, "header length", () -> open(length(-1, 10)), "found 18446744073709551615");
        assertFault(FILE, "header length", () -> open(length(0, 10)), "found 0");
        try (RandomAccessFile sparse = new RandomAccessFile(temp.resolve(FILE).toFile(), "rw")) {
            sparse.write(length(200_000_000, 0));
            sparse.setLength(300_000_000);
        }
        assertFault(
                FILE,
                "header length",
                () -> SafetensorsFile.open(new FolderReader(temp), FILE),
                "expected at most 100000000 bytes, found 200000000");
    }

    @Test
    void aHeaderThatIsNotAnObjectIsRefused() {
        assertFault(FILE, "header", () -> open(TestFolder.file("[]", new byte[0])), "expected a JSON object");
        assertFault(FILE, "header", () -> open(TestFolder.file("{}{}", new byte[0])), "expected nothing but spaces");
    }

    @Test
    void tensorsBeyondFourGibibytesAreReadAtTheirPlace() throws IOException {
        long big = 5L << 30;
        String header = "{\"big\":{\"dtype\":\"BF16\",\"shape\":[" + big / 2 + "],\"data_offsets\":[0," + big + "]},"
                + "\"last\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" + big + "," + (big + 4) + "]}}";
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        long start = 8L + text.length;
        try (RandomAccessFile sparse = new RandomAccessFile(temp.resolve(FILE).toFile(), "rw")) {
            sparse.write(length(text.length, 0));
            sparse.write(text);
            sparse.setLength(start + big + 4);
            sparse.seek(start + (4L << 30) + 10);
            sparse.write(new byte[] {1, 2, 3, 4});
            sparse.seek(start + big);
            sparse.write(new byte[] {5, 6, 7, 8});
        }
        try (SafetensorsFile file = SafetensorsFile.open(new FolderReader(temp), FILE)) {
            assertThat(file.size()).isEqualTo(start + big + 4);
            StoredTensor last = file.tensors().get("last");
            ByteBuffer read = ByteBuffer.allocate(4);
            file.read(last.position(), read);
            assertThat(read.array()).containsExactly(5, 6, 7, 8);
            assertThat(file.map(file.tensors().get("big").position() + (4L << 30), 14)
                            .getInt(10))
                    .isEqualTo(0x04030201);
        }
    }

    @Test
    void anInterruptFailsItsOwnThreadOnly() throws IOException {
        String header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}";
        try (SafetensorsFile file = open(TestFolder.file(header, new byte[] {9}))) {
            long position = file.tensors().get("a").position();
            Thread.currentThread().interrupt();
            try {
                assertFault(FILE, "", () -> file.read(position, ByteBuffer.allocate(1)), "interrupted");
            } finally {
                assertThat(Thread.interrupted()).isTrue();
            }
            ByteBuffer again = ByteBuffer.allocate(1);
            file.read(position, again);
            assertThat(again.get(0)).isEqualTo((byte) 9);
        }
    }
}
