//! What follows from a right: the authorisation of a médecin traitant (MT-02), what a block ends (BLK-02), the masking of what is
//! there (MSK-05).

use uuid::Uuid;

use super::Declare;
use crate::dmp::actor::ActorId;
use crate::dmp::right::{Category, Declaration, Grant, Right};
use crate::store::conn::{Conn, DbError};
use crate::store::masking;
use crate::store::state::State;
use crate::store::statement::Statement;

impl Declare {
    /// The access authorisation that a médecin traitant declares with his right.
    pub(super) fn implied(&self) -> Option<Declaration> {
        match &self.declaration.grant {
            Grant::TreatingPhysician { holder, basis } if self.declaration.active => {
                Some(Declaration {
                    grant: Grant::Access {
                        holder: holder.clone(),
                        basis: *basis,
                    },
                    until: None,
                    ..self.declaration.clone()
                })
            }
            _ => None,
        }
    }

    /// Does what follows; gives the other rights that it wrote. `access` is the authorisation that is renewed, if it was there.
    pub(super) async fn follow(
        &self,
        conn: &mut Conn<'_>,
        access: Option<Right>,
        state: State,
    ) -> Result<Vec<Uuid>, DbError> {
        if let Some(implied) = self.implied() {
            let renewed = self.renewed(access.as_ref(), implied, self.end, state);
            self.keep(conn, &renewed).await?;
            return Ok(vec![renewed.id]);
        }
        match (&self.declaration.grant, self.declaration.active) {
            // Whoever loses his access is no médecin traitant any more: the role goes with the authorisation.
            (Grant::Access { holder, .. }, false) => {
                self.end_rights(conn, holder, &[Category::TreatingPhysician], state)
                    .await
            }
            (Grant::Block { of }, true) => {
                let lost = [
                    Category::Access,
                    Category::TreatingPhysician,
                    Category::Administrator,
                ];
                self.end_rights(conn, of, &lost, state).await
            }
            (Grant::DefaultMasking, true) => {
                masking::mask_all(conn, &self.ins, state, self.render.as_ref()).await?;
                Ok(Vec::new())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Withdraws what an actor holds of some categories.
    async fn end_rights(
        &self,
        conn: &mut Conn<'_>,
        actor: &ActorId,
        categories: &[Category],
        state: State,
    ) -> Result<Vec<Uuid>, DbError> {
        let mut statement = Statement::new("SELECT body FROM consent WHERE ins = ");
        statement.bind(&self.ins).push(" AND actor = ");
        statement.bind(actor.key()).push(" AND category IN ");
        statement.list(categories.iter().map(|category| category.code()));
        statement.push(" ORDER BY category");
        let mut ended = Vec::new();
        for row in conn.query(&statement.text, &statement.values).await? {
            let right: Right = row.json(0)?;
            if right.declaration.active {
                let withdrawn = Declaration {
                    active: false,
                    ..right.declaration.clone()
                };
                let next = self.renewed(Some(&right), withdrawn, right.end, state);
                self.keep(conn, &next).await?;
                ended.push(next.id);
            }
        }
        Ok(ended)
    }
}
