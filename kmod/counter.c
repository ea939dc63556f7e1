// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "counter.h"
#include "node.h"
#include "sample.h"

static unsigned int row_count(void)
{
	return NUMAPERF_SOURCE_COUNT * np_nodes;
}

int np_counter_init(struct np_counter *counter, gfp_t gfp)
{
	counter->rows = kcalloc(row_count(), sizeof(*counter->rows), gfp);
	return counter->rows ? 0 : -ENOMEM;
}

void np_counter_destroy(struct np_counter *counter)
{
	unsigned int i;

	if (!counter->rows)
		return;
	for (i = 0; i < row_count(); i++)
		kfree(counter->rows[i]);
	kfree(counter->rows);
}

/* By the writer: its row, made now if need be. */
static struct np_cell *counter_row(struct np_counter *counter, unsigned int i,
				   gfp_t gfp)
{
	struct np_cell *row = counter->rows[i];

	if (likely(row))
		return row;
	row = kcalloc(np_nodes, sizeof(*row),
		      gfp | __GFP_NOWARN | __GFP_ACCOUNT);
	if (!row)
		return NULL;
	/* Pairs with the readers' READ_ONCE() and address dependency. */
	smp_store_release(&counter->rows[i], row);
	return row;
}

static void cell_add(struct np_cell *cell, u64 samples, u64 pages)
{
	WRITE_ONCE(cell->samples, cell->samples + samples);
	WRITE_ONCE(cell->pages, cell->pages + pages);
}

/* 0, or -ENOMEM: the sample could not be counted. */
int np_counter_add(struct np_counter *counter, const struct np_sample *sample)
{
	struct np_cell *row;

	/* A page-table lock may be held. */
	row = counter_row(counter,
			  sample->source * np_nodes +
			  np_node_place(sample->cpu_node), GFP_NOWAIT);
	if (!row)
		return -ENOMEM;
	cell_add(&row[np_node_place(sample->page_node)], 1, sample->pages);
	return 0;
}

/* Room for all of @from, so that a merge loses nothing. Sleeps. 0 or -ENOMEM. */
int np_counter_reserve(struct np_counter *to, const struct np_counter *from)
{
	unsigned int i;

	for (i = 0; i < row_count(); i++) {
		if (from->rows[i] && !counter_row(to, i, GFP_KERNEL))
			return -ENOMEM;
	}
	return 0;
}

/* Add all of @from, which nobody writes any more, to where room was reserved. */
void np_counter_merge(struct np_counter *to, const struct np_counter *from)
{
	unsigned int i, j;

	for (i = 0; i < row_count(); i++) {
		for (j = 0; from->rows[i] && j < np_nodes; j++)
			cell_add(&to->rows[i][j], from->rows[i][j].samples,
				 from->rows[i][j].pages);
	}
}

/* Tell @fn about every cell that is not zero, until it returns not 0. */
int np_counter_walk(const struct np_counter *counter, np_counter_fn fn,
		    void *data)
{
	unsigned int source, cpu, page;

	for (source = 0; source < NUMAPERF_SOURCE_COUNT; source++) {
		for (cpu = 0; cpu < np_nodes; cpu++) {
			const struct np_cell *row =
				READ_ONCE(counter->rows[source * np_nodes + cpu]);

			for (page = 0; row && page < np_nodes; page++) {
				struct np_cell cell = {
					.samples = READ_ONCE(row[page].samples),
					.pages = READ_ONCE(row[page].pages),
				};
				int err;

				if (!cell.samples)
					continue;
				err = fn(source, np_node_id(cpu),
					 np_node_id(page), &cell, data);
				if (err)
					return err;
			}
		}
	}
	return 0;
}
