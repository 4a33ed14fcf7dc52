package dev.longspan.tvm.memory;

/** In which order the keys, or the values, of a page lie, as a device's kernels read them. */
public enum PageOrder {
    /** Token by token, the heads of each side by side. */
    BY_TOKEN {
        @Override
        public int together(int heads) {
            return heads;
        }
    },

    /** Head by head, so that who looks at one head reads memory from one end to the other. */
    BY_HEAD {
        @Override
        public int together(int heads) {
            return 1;
        }
    };

    /** {@return how many of so many heads lie side by side: all of a page's tokens, then as many other heads} */
    public abstract int together(int heads);

    /** {@return how many vectors lie before that of a token in a page and a head} */
    public int vector(int heads, int token, int head) {
        int together = together(heads);
        return head / together * StateLayout.PAGE * together + token * together + head % together;
    }
}
