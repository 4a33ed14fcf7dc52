/** The nano model: its files are resources under {@code META-INF/longspan/nano/}. There is no code in it. */
module dev.longspan.nano {}
